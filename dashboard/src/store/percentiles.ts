// Data plane: percentiles over a sliding second, merged exactly across instances, as columns that are painted like any other.
import { Column, ROW_BREAK } from './column'
import { EXPLICIT_SCALE } from './explicitBuckets'
import { HISTOGRAM_SCALE_MAX, type Bounds, type HistogramColumn } from './histogramColumn'

export const PERCENTILES = [0.5, 0.95, 0.99] as const
/** The window of every percentile and rate, as in the standard metrics of the agents. */
export const SLIDING_MS = 1000
/** One point at most for each push interval. */
export const CELL_MS = 20
const INDEX_OFFSET = 32_768
/** 0.07 x 100 is 7.000000000000001 in binary: what rounding added is no further measurement. */
const RANK_ROUNDING = 1e-12

/**
 * One instance's histograms, and what is added to its times. `pulse`: a column that the instance fills at every push. An agent
 * sends no histogram for a push without requests, but the sliding second moves on: only the pulse tells an idle instance from a lost one.
 */
export type HistogramSource = { readonly histogram: HistogramColumn, readonly shiftMs: () => number, readonly pulse?: Column | null }

/** Buckets of many rows, added up at one scale. Rows can be taken out again. One for the page: it is empty between uses. */
class Accumulator {
  readonly #positive = new Float64Array(2 * INDEX_OFFSET)
  readonly #negative = new Float64Array(2 * INDEX_OFFSET)
  /** Smallest and largest measurement of the rows inside; NaN where one of them does not know. Set before `quantile` is asked. */
  min = Number.NaN
  max = Number.NaN
  /** Those among the rows' series that have bounds of their own. */
  columns: readonly HistogramColumn[] = []
  #scale = HISTOGRAM_SCALE_MAX
  #low = 2 * INDEX_OFFSET
  #high = -1
  total = 0
  #zero = 0

  reset(scale: number, columns: readonly HistogramColumn[]): void {
    this.columns = columns.filter(({ explicitBounds }) => explicitBounds.size > 0)
    if (this.#high >= this.#low) {
      this.#positive.fill(0, this.#low, this.#high + 1)
      this.#negative.fill(0, this.#low, this.#high + 1)
    }
    this.#low = 2 * INDEX_OFFSET
    this.#high = -1
    this.#scale = scale
    this.total = 0
    this.#zero = 0
    this.min = this.max = Number.NaN
  }

  /** `sign` -1 takes the row out. */
  add(histogram: HistogramColumn, row: number, sign: number): void {
    const shift = Math.max(0, histogram.scales[row]! - this.#scale)
    const start = histogram.pairStarts[row]!
    const end = start + histogram.pairCounts[row]!
    const negativeEnd = start + histogram.negativePairs[row]!
    const { pairIndexes, pairValues } = histogram
    for (let pair = start; pair < end; pair++) {
      const index = (pairIndexes[pair]! >> shift) + INDEX_OFFSET
      const count = sign * pairValues[pair]!
      if (pair < negativeEnd) this.#negative[index]! += count
      else this.#positive[index]! += count
      this.total += count
      if (index < this.#low) this.#low = index
      if (index > this.#high) this.#high = index
    }
    this.#zero += sign * histogram.zeroCounts[row]!
    this.total += sign * histogram.zeroCounts[row]!
  }

  /**
   * The measurement of rank max(1, ceil(q x count)), interpolated inside its bucket by that rank, and held within the minimum or
   * maximum where that is known and lies in the bucket. Agent and aggregator define it alike: proto/golden/quantiles.json.
   */
  quantile(quantile: number): number {
    if (this.total <= 0) return Number.NaN
    const exact = quantile * this.total
    const rank = Math.max(1, Math.ceil(exact - exact * RANK_ROUNDING))
    let before = 0
    for (let index = this.#high; index >= this.#low; index--) {
      const count = this.#negative[index]!
      if (count > 0 && rank <= before + count) return this.#within(-1, index, before, count, rank)
      before += count
    }
    if (rank <= before + this.#zero) return 0
    before += this.#zero
    for (let index = this.#low; index <= this.#high; index++) {
      const count = this.#positive[index]!
      if (count > 0 && rank <= before + count) return this.#within(1, index, before, count, rank)
      before += count
    }
    return Number.NaN
  }

  #within(sign: number, index: number, before: number, count: number, rank: number): number {
    const share = (rank - before) / count
    const nearest = index - INDEX_OFFSET
    const explicit = sign > 0 && this.#scale === EXPLICIT_SCALE ? this.#explicitBounds(nearest) : undefined
    if (explicit) return this.#withinExplicit(explicit, before, count, share)
    const at = (part: number) => sign * 2 ** ((nearest + part) / 2 ** this.#scale)
    // Of negative values the larger magnitude is the smaller value.
    const [lower, upper] = sign > 0 ? [at(0), at(1)] : [at(1), at(0)]
    return this.#clamp(at(sign > 0 ? share : 1 - share), lower, upper, before, count)
  }

  /** As the aggregator does: the first bucket begins at the minimum or at 0, the last one ends at the maximum or is as wide as nothing. */
  #withinExplicit(bounds: Bounds, before: number, count: number, share: number): number {
    const lower = Number.isFinite(bounds.lower) ? bounds.lower : this.min <= bounds.upper ? this.min : Math.min(0, bounds.upper)
    const upper = Number.isFinite(bounds.upper) ? bounds.upper : this.max >= bounds.lower ? this.max : bounds.lower
    return this.#clamp(lower + (upper - lower) * share, lower, upper, before, count)
  }

  #explicitBounds(index: number): Bounds | undefined {
    for (const histogram of this.columns) {
      const bounds = histogram.explicitBounds.get(index)
      if (bounds) return bounds
    }
    return undefined
  }

  #clamp(found: number, lower: number, upper: number, before: number, count: number): number {
    let value = found
    if (before === 0 && this.min >= lower && this.min <= upper) value = Math.max(value, this.min)
    if (before + count >= this.total && this.max >= lower && this.max <= upper) value = Math.min(value, this.max)
    return value
  }
}

/** Reads the extremes of rows as the accumulator wants them: unknown once is unknown. */
function widen(histogram: HistogramColumn, from: number, to: number, into: { min: number, max: number }, first: boolean): boolean {
  for (let row = from; row < to; row++) {
    if (histogram.counts[row] === 0) continue
    into.min = first ? histogram.mins[row]! : Math.min(into.min, histogram.mins[row]!)
    into.max = first ? histogram.maxs[row]! : Math.max(into.max, histogram.maxs[row]!)
    first = false
  }
  return first
}

const accumulator = new Accumulator()

/** A bucket's width. */
export function bucketErrorRatio(scale: number): number {
  return 2 ** (2 ** -scale) - 1
}

/** How far a percentile may be off, as a ratio: a bucket of the coarsest scale among the sources. */
function percentileErrorRatio(sources: readonly HistogramSource[]): number {
  let ratio = bucketErrorRatio(mergeScale(sources))
  for (const { histogram } of sources) ratio = Math.max(ratio, histogram.boundsErrorRatio)
  return ratio
}

function mergeScale(sources: readonly HistogramSource[]): number {
  let scale = HISTOGRAM_SCALE_MAX
  for (const { histogram } of sources) scale = Math.min(scale, histogram.scaleMin)
  return scale
}

/** The percentiles of one stretch of time, for a table. Writes into `into`, in the order of PERCENTILES. */
export function percentilesOf(sources: readonly HistogramSource[], toMs: number, into: Float64Array): void {
  accumulator.reset(mergeScale(sources), sources.map(({ histogram }) => histogram))
  let first = true
  for (const { histogram, shiftMs } of sources) {
    const shift = shiftMs()
    const start = histogram.indexFrom(toMs - shift - SLIDING_MS + 1e-6)
    const end = histogram.indexFrom(toMs - shift + 1e-6)
    for (let row = start; row < end; row++) accumulator.add(histogram, row, 1)
    first = widen(histogram, start, end, accumulator, first)
  }
  for (let i = 0; i < PERCENTILES.length; i++) into[i] = accumulator.quantile(PERCENTILES[i]!)
}

/**
 * The percentiles at each row of a history, in the order of PERCENTILES: over a sliding second, as the stream's, or over the row's own time
 * where that is longer. `lengthOf`: how long that is.
 */
export function percentilesOver(
  rows: HistogramColumn, lengthOf: (row: number) => number,
): { readonly times: number[], readonly lengths: number[], readonly values: number[][] } {
  const times: number[] = []
  const lengths: number[] = []
  const values: number[][] = PERCENTILES.map(() => [])
  accumulator.reset(Math.min(HISTOGRAM_SCALE_MAX, rows.scaleMin), [rows])
  let low = rows.start
  for (let row = rows.start; row < rows.end; row++) {
    accumulator.add(rows, row, 1)
    // Rows of one time: the same step of several aggregators.
    if (row + 1 < rows.end && rows.times[row + 1] === rows.times[row]) continue
    const length = lengthOf(row)
    const endMs = rows.times[row]! + length
    const fromMs = endMs - Math.max(SLIDING_MS, length)
    while (rows.times[low]! < fromMs - 1e-6) accumulator.add(rows, low++, -1)
    widen(rows, low, row + 1, accumulator, true)
    times.push(rows.times[row]! + length / 2)
    lengths.push(length)
    for (const [i, quantile] of PERCENTILES.entries()) values[i]!.push(accumulator.quantile(quantile))
  }
  return { times, lengths, values }
}

/**
 * Keeps three columns up to date with the histograms of its sources. Late rows count too: every point from the oldest changed row
 * on is computed again, so a point is final once no instance sends anything older.
 */
export class PercentileLines {
  readonly columns = PERCENTILES.map(() => new Column())
  #sources: readonly HistogramSource[] = []
  #histograms: readonly HistogramColumn[] = []
  #low = new Int32Array(0)
  #high = new Int32Array(0)
  #pulse = new Int32Array(0)
  #all = true
  /** Rows of the cell that go on without a gap. */
  #continuing = 0

  setSources(sources: readonly HistogramSource[]): void {
    this.#sources = sources
    this.#histograms = sources.map(({ histogram }) => histogram)
    this.#low = new Int32Array(sources.length)
    this.#high = new Int32Array(sources.length)
    this.#pulse = new Int32Array(sources.length)
    this.invalidate()
  }

  invalidate(): void {
    this.#all = true
  }

  get errorRatio(): number {
    return percentileErrorRatio(this.#sources)
  }

  /** Called before painting, in the frame in which the sources changed. */
  update(keptFromMs: number): void {
    for (const column of this.columns) column.settle()
    const changedMs = this.#changedFrom()
    if (changedMs === Number.POSITIVE_INFINITY) return
    const fromMs = Math.max(Math.floor(changedMs / CELL_MS) * CELL_MS, this.#oldestMs())
    if (this.#all) for (const column of this.columns) column.clear()
    else for (const column of this.columns) column.truncate(fromMs)
    this.#all = false
    this.#walk(fromMs, keptFromMs)
  }

  #changedFrom(): number {
    let fromMs = this.#all ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY
    for (const { histogram, shiftMs, pulse } of this.#sources) {
      fromMs = Math.min(fromMs, histogram.dirtyFromMs + shiftMs(), (pulse?.dirtyFromMs ?? Number.POSITIVE_INFINITY) + shiftMs())
    }
    return fromMs
  }

  #oldestMs(): number {
    let oldestMs = Number.POSITIVE_INFINITY
    for (const { histogram, shiftMs } of this.#sources) {
      if (histogram.count > 0) oldestMs = Math.min(oldestMs, histogram.times[histogram.start]! + shiftMs())
    }
    return oldestMs === Number.POSITIVE_INFINITY ? 0 : Math.floor(oldestMs / CELL_MS) * CELL_MS
  }

  #walk(fromMs: number, keptFromMs: number): void {
    accumulator.reset(mergeScale(this.#sources), this.#histograms)
    for (let i = 0; i < this.#sources.length; i++) this.#enter(i, fromMs)
    for (let cellMs = this.#nextRowMs(); cellMs < Number.POSITIVE_INFINITY; cellMs = this.#nextRowMs()) {
      const cellEndMs = (Math.floor(cellMs / CELL_MS) + 1) * CELL_MS
      let newestMs = cellMs
      this.#continuing = 0
      for (let i = 0; i < this.#sources.length; i++) newestMs = Math.max(newestMs, this.#addUpTo(i, cellEndMs))
      let first = true
      for (let i = 0; i < this.#sources.length; i++) {
        this.#dropUpTo(i, newestMs - SLIDING_MS)
        first = widen(this.#sources[i]!.histogram, this.#low[i]!, this.#high[i]!, accumulator, first)
      }
      for (let i = 0; i < PERCENTILES.length; i++) {
        const column = this.columns[i]!
        const value = accumulator.quantile(PERCENTILES[i]!)
        // Where an instance goes on without a gap, so do its percentiles, however far apart a slow class brings the rows.
        const startMs = this.#continuing > 0 && column.count > 0 ? column.newestMs : newestMs
        column.appendRow(startMs, newestMs, value, value, value, 0, keptFromMs)
      }
    }
  }

  /** Adds what the sliding second holds already just before `fromMs`. */
  #enter(source: number, fromMs: number): void {
    const { histogram, shiftMs } = this.#sources[source]!
    const shift = shiftMs()
    const high = histogram.indexFrom(fromMs - shift)
    this.#low[source] = histogram.indexFrom(fromMs - shift - SLIDING_MS)
    this.#high[source] = high
    for (let row = this.#low[source]; row < high; row++) accumulator.add(histogram, row, 1)
    this.#pulse[source] = this.#sources[source]!.pulse?.indexFrom(fromMs - shift) ?? 0
  }

  #nextRowMs(): number {
    let nextMs = Number.POSITIVE_INFINITY
    for (let i = 0; i < this.#sources.length; i++) {
      const { histogram, shiftMs, pulse } = this.#sources[i]!
      if (this.#high[i]! < histogram.end) nextMs = Math.min(nextMs, histogram.times[this.#high[i]!]! + shiftMs())
      if (pulse && this.#pulse[i]! < pulse.end) nextMs = Math.min(nextMs, pulse.times[this.#pulse[i]!]! + shiftMs())
    }
    return nextMs
  }

  #addUpTo(source: number, endMs: number): number {
    const { histogram, shiftMs, pulse } = this.#sources[source]!
    const end = endMs - shiftMs()
    let high = this.#high[source]!
    let newestMs = Number.NEGATIVE_INFINITY
    while (high < histogram.end && histogram.times[high]! < end) {
      newestMs = histogram.times[high]!
      accumulator.add(histogram, high++, 1)
    }
    this.#high[source] = high
    if (pulse) {
      let at = this.#pulse[source]!
      while (at < pulse.end && pulse.times[at]! < end) {
        if (at > pulse.start && (pulse.flags[at]! & ROW_BREAK) === 0) this.#continuing++
        newestMs = Math.max(newestMs, pulse.times[at++]!)
      }
      this.#pulse[source] = at
    }
    return newestMs + shiftMs()
  }

  #dropUpTo(source: number, toMs: number): void {
    const { histogram, shiftMs } = this.#sources[source]!
    const to = toMs - shiftMs() + 1e-6
    let low = this.#low[source]!
    while (low < this.#high[source]! && histogram.times[low]! <= to) accumulator.add(histogram, low++, -1)
    this.#low[source] = low
  }
}
