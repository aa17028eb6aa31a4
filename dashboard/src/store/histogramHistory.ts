// Histograms of before the stream: merged by the aggregators, in the steps of a question, or the seconds and minutes of the oldest time.
import { fieldsOf } from '../wire/http'
import { EXPLICIT_SCALE, explicitBucketIndex } from './explicitBuckets'
import { HistogramColumn } from './histogramColumn'
import { bucketErrorRatio, type HistogramSource } from './percentiles'

/** What an aggregator keeps of the time whose histograms are gone. */
const KEPT_LENGTHS_MS = [60_000, 1000] as const
const SAME_INSTANT_MS = 0.01

/** The histogram of one step, as `/api/samples?buckets=true` returns it. */
export type BucketRow = {
  /** Where the step begins. */
  readonly fromMs: number
  readonly scale: number
  readonly zeroCount: number
  readonly positiveOffset: number
  readonly positive: readonly number[]
  readonly negativeOffset: number
  readonly negative: readonly number[]
  /** Instead of those: the sender's own bounds, and one count more. */
  readonly bounds: readonly number[] | null
  readonly counts: readonly number[]
  /** NaN: unknown. */
  readonly min: number
  readonly max: number
}

/** Null: not an answer. `truncated`: the answer was too long, and buckets are missing. */
export function readBuckets(answer: unknown, originNs: bigint): { readonly rows: BucketRow[], readonly truncated: boolean } | null {
  const { series, truncated } = fieldsOf(answer)
  if (!Array.isArray(series)) return null
  const rows: BucketRow[] = []
  for (const item of series) {
    const { timestamps_ns: times, buckets } = fieldsOf(item)
    if (!Array.isArray(times) || !Array.isArray(buckets) || times.length !== buckets.length) continue
    for (const [at, time] of times.entries()) {
      const read = fieldsOf(buckets[at])
      rows.push({
        fromMs: Number(BigInt(String(time)) - originNs) / 1e6,
        scale: numberOf(read['scale']), zeroCount: numberOf(read['zero_count']),
        positiveOffset: numberOf(read['positive_offset']), positive: numbersOf(read['positive_counts']),
        negativeOffset: numberOf(read['negative_offset']), negative: numbersOf(read['negative_counts']),
        bounds: Array.isArray(read['bounds']) ? numbersOf(read['bounds']) : null, counts: numbersOf(read['counts']),
        min: knownOf(read['min']), max: knownOf(read['max']),
      })
    }
  }
  return { rows, truncated: truncated === true }
}

/** Rows before the stream's, of the same histograms that `live` holds from some time on. */
export class HistogramHistory {
  /** One row for each step and aggregator; its time is the begin of what it covers. */
  readonly rows = new HistogramColumn()
  fromMs = Number.POSITIVE_INFINITY
  toMs = Number.NEGATIVE_INFINITY
  stepMs = 0
  /** Grows with each change. */
  version = 0
  #lengths: readonly number[] = []
  #live: readonly HistogramSource[] = []

  setLive(live: readonly HistogramSource[]): void {
    this.#live = live
  }

  /**
   * The rows of the stream are whole from here on; what is before comes from the history. At a step's begin, so that nothing counts
   * twice or is left out.
   */
  get cutMs(): number {
    if (this.stepMs === 0) return Number.NEGATIVE_INFINITY
    return Math.ceil(this.liveFromMs / this.stepMs) * this.stepMs
  }

  /** Before the oldest row of all the stream was not there; before the newest forgotten one some instance is missing. */
  get liveFromMs(): number {
    let oldestMs = Number.POSITIVE_INFINITY
    let forgottenMs = Number.NEGATIVE_INFINITY
    for (const { histogram, shiftMs } of this.#live) {
      if (histogram.count === 0) continue
      oldestMs = Math.min(oldestMs, histogram.times[histogram.start]! + shiftMs())
      forgottenMs = Math.max(forgottenMs, histogram.forgottenMs + shiftMs())
    }
    return oldestMs === Number.POSITIVE_INFINITY ? oldestMs : Math.max(oldestMs, forgottenMs)
  }

  /** How far a percentile of these rows may be off, as a ratio: adding up many of them may have cost a scale. */
  get errorRatio(): number {
    return this.rows.count === 0 ? 0 : Math.max(bucketErrorRatio(this.rows.scaleMin), this.rows.boundsErrorRatio)
  }

  /** How long the time is that a row stands for. */
  lengthOf(row: number): number {
    return this.#lengths[row - this.rows.end + this.#lengths.length] ?? this.stepMs
  }

  /** True when a view shows a time before the stream's rows that has not been read, or only more coarsely. */
  lacks(leftMs: number, rightMs: number, stepMs: number): boolean {
    const liveFromMs = this.liveFromMs
    if (leftMs >= liveFromMs) return false
    return this.fromMs > leftMs || this.toMs < Math.min(rightMs, liveFromMs) || this.stepMs > stepMs
  }

  /** Puts what was read of [fromMs, toMs] in place of what was there. */
  replace(read: readonly BucketRow[], fromMs: number, toMs: number, stepMs: number): void {
    const { rows } = this
    rows.clear()
    const sorted = [...read].sort((a, b) => a.fromMs - b.fromMs)
    for (const row of sorted) addRow(rows, row)
    this.#lengths = lengthsOf(sorted.map(row => row.fromMs), stepMs)
    this.fromMs = fromMs
    this.toMs = toMs
    this.stepMs = stepMs
    this.version++
  }
}

function addRow(column: HistogramColumn, row: BucketRow): void {
  const scale = row.bounds === null ? row.scale : EXPLICIT_SCALE
  column.beginRow(row.fromMs, scale, Number.NEGATIVE_INFINITY)
  let { zeroCount } = row
  if (row.bounds === null) {
    for (const [i, count] of row.negative.entries()) column.addNegative(row.negativeOffset + i, count)
    for (const [i, count] of row.positive.entries()) column.addPositive(row.positiveOffset + i, count)
  } else {
    const bounds = Float64Array.from(row.bounds)
    for (const [i, count] of row.counts.entries()) {
      if (count === 0) continue
      const index = explicitBucketIndex(column, bounds, 0, bounds.length, i, row.min, row.max)
      if (Number.isNaN(index)) zeroCount += count
      else column.addPositive(index, count)
    }
  }
  const total = [row.positive, row.negative, row.counts].flat().reduce((sum, count) => sum + count, row.zeroCount)
  column.finishRow(total, zeroCount, Number.NaN, row.min, row.max)
}

/**
 * How long each row's time is. An answer in fine steps holds the seconds and minutes of the oldest time as rows of their own,
 * whole seconds or minutes apart on both sides.
 */
export function lengthsOf(times: readonly number[], stepMs: number): number[] {
  return times.map((timeMs, i) => {
    let before = i - 1
    while (before >= 0 && times[before] === timeMs) before--
    let after = i + 1
    while (after < times.length && times[after] === timeMs) after++
    const apart = [before >= 0 ? timeMs - times[before]! : Number.NaN, after < times.length ? times[after]! - timeMs : Number.NaN]
    return KEPT_LENGTHS_MS.find(length => (
      length > stepMs && apart.some(ms => !Number.isNaN(ms)) && apart.every(ms => Number.isNaN(ms) || isMultiple(ms, length))
    )) ?? stepMs
  })
}

/** Steps divide seconds and minutes, so what is kept of those is whole ones apart, wherever the steps begin. */
function isMultiple(ms: number, length: number): boolean {
  const periods = Math.round(ms / length)
  return periods >= 1 && Math.abs(ms - periods * length) < SAME_INSTANT_MS
}

function knownOf(value: unknown): number {
  return typeof value === 'number' ? value : Number.NaN
}

function numberOf(value: unknown): number {
  return typeof value === 'number' ? value : 0
}

function numbersOf(value: unknown): number[] {
  return Array.isArray(value) ? value.map(numberOf) : []
}
