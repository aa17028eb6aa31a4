// Data plane: one series' histograms as columns. Buckets are kept sparse, because 20 ms of requests touch few of them.

/** Finer buckets are merged down to this scale: a quantile is then within 1.1 % of the exact one, a bucket's width. */
export const HISTOGRAM_SCALE_MAX = 6
const HISTOGRAM_ROWS_FIRST = 256
export const HISTOGRAM_ROWS_MAX = 32_768
const PAIRS_FIRST = 4096
/** 6 bytes each: 12 MB a series at most. */
export const HISTOGRAM_PAIRS_MAX = 2_097_152
const SAME_INSTANT_MS = 2e-6
/** A bucket with more is kept as two pairs of the same index. */
const PAIR_COUNT_MAX = 4_294_967_295
const INDEX_MIN = -32_768
const INDEX_MAX = 32_767

/** A sender's own bounds of a bucket; the first one's lower and the last one's upper are infinite. */
export type Bounds = { readonly lower: number, readonly upper: number }

/**
 * Rows in order of time; each is a delta over its interval, so rows add up. The buckets of a row are pairs (index, count)
 * in a second memory: the first `negativePairs` of them are of negative values. One writer (the store).
 */
export class HistogramColumn {
  times = new Float64Array(HISTOGRAM_ROWS_FIRST)
  counts = new Float64Array(HISTOGRAM_ROWS_FIRST)
  zeroCounts = new Float64Array(HISTOGRAM_ROWS_FIRST)
  sums = new Float64Array(HISTOGRAM_ROWS_FIRST)
  mins = new Float64Array(HISTOGRAM_ROWS_FIRST)
  maxs = new Float64Array(HISTOGRAM_ROWS_FIRST)
  scales = new Int8Array(HISTOGRAM_ROWS_FIRST)
  pairStarts = new Uint32Array(HISTOGRAM_ROWS_FIRST)
  pairCounts = new Uint16Array(HISTOGRAM_ROWS_FIRST)
  negativePairs = new Uint16Array(HISTOGRAM_ROWS_FIRST)
  pairIndexes = new Int16Array(PAIRS_FIRST)
  pairValues = new Uint32Array(PAIRS_FIRST)
  start = 0
  end = 0
  pairEnd = 0
  dirtyFromMs = Number.POSITIVE_INFINITY
  version = 0
  intervalMs = Number.NaN
  duplicates = 0
  /** Rows forgotten before their time because the memory of buckets was full. */
  shed = 0
  /** The newest row that was forgotten, for whatever reason: up to it the series is not whole. */
  forgottenMs = Number.NEGATIVE_INFINITY
  /** The coarsest scale seen: what rows of this series can be merged at. */
  scaleMin = HISTOGRAM_SCALE_MAX
  /** How far a quantile may be off, as a ratio, because the sender chose its own bounds; 0 for exponential buckets. */
  boundsErrorRatio = 0
  /** The sender's own bounds, by the index under which their counts are kept; at most one for each index. */
  readonly explicitBounds = new Map<number, Bounds>()
  #row = -1
  #rowPairStart = 0
  #rowScale = 0
  #rowShift = 0

  get count(): number {
    return this.end - this.start
  }

  get newestMs(): number {
    return this.end === this.start ? Number.NaN : this.times[this.end - 1]!
  }

  indexFrom(timeMs: number): number {
    let low = this.start
    let high = this.end
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.times[middle]! < timeMs) low = middle + 1
      else high = middle
    }
    return low
  }

  /**
   * Starts a row; then come `addNegative`, `addPositive` (in rising order of the index) and `finishRow`. False: this instant
   * is known already, and the row is a repetition.
   */
  beginRow(timeMs: number, scale: number, keptFromMs: number): boolean {
    const late = this.end > this.start && timeMs < this.times[this.end - 1]!
    if (late) {
      const found = this.indexFrom(timeMs - SAME_INSTANT_MS)
      if (Math.abs(this.times[found]! - timeMs) <= SAME_INSTANT_MS) {
        this.duplicates++
        return false
      }
    }
    if (this.end === this.times.length) this.#makeRoom(keptFromMs)
    const at = late ? this.indexFrom(timeMs) : this.end
    if (late) this.#openGap(at)
    else this.#learn(timeMs)
    this.end++
    this.#row = at
    this.#rowPairStart = this.pairEnd
    this.#rowShift = Math.max(0, scale - HISTOGRAM_SCALE_MAX)
    this.#rowScale = Math.min(scale, HISTOGRAM_SCALE_MAX)
    this.times[at] = timeMs
    this.scales[at] = this.#rowScale
    this.negativePairs[at] = 0
    this.dirtyFromMs = Math.min(this.dirtyFromMs, timeMs)
    this.version++
    return true
  }

  addNegative(index: number, count: number): void {
    this.#add(index, count, this.#rowPairStart)
    this.negativePairs[this.#row] = this.pairEnd - this.#rowPairStart
  }

  addPositive(index: number, count: number): void {
    this.#add(index, count, this.#rowPairStart + this.negativePairs[this.#row]!)
  }

  finishRow(count: number, zeroCount: number, sum: number, min: number, max: number): void {
    const at = this.#row
    this.counts[at] = count
    this.zeroCounts[at] = zeroCount
    this.sums[at] = sum
    this.mins[at] = min
    this.maxs[at] = max
    this.pairStarts[at] = this.#rowPairStart
    this.pairCounts[at] = this.pairEnd - this.#rowPairStart
    if (this.#rowScale < this.scaleMin && this.pairEnd > this.#rowPairStart) this.scaleMin = this.#rowScale
  }

  clear(): void {
    this.start = this.end = this.pairEnd = 0
    this.forgottenMs = Number.NEGATIVE_INFINITY
    this.scaleMin = HISTOGRAM_SCALE_MAX
    this.explicitBounds.clear()
    this.dirtyFromMs = Number.NEGATIVE_INFINITY
    this.version++
  }

  settle(): void {
    this.dirtyFromMs = Number.POSITIVE_INFINITY
  }

  #add(index: number, count: number, firstPair: number): void {
    if (count === 0) return
    const merged = Math.max(INDEX_MIN, Math.min(INDEX_MAX, index >> this.#rowShift))
    const last = this.pairEnd - 1
    if (last >= firstPair && this.pairIndexes[last] === merged && this.pairValues[last]! + count <= PAIR_COUNT_MAX) {
      this.pairValues[last]! += count
      return
    }
    if (this.pairEnd === this.pairIndexes.length) this.#makePairRoom()
    this.pairIndexes[this.pairEnd] = merged
    this.pairValues[this.pairEnd++] = count
  }

  #learn(timeMs: number): void {
    if (this.end === this.start) return
    const elapsedMs = timeMs - this.times[this.end - 1]!
    if (Number.isNaN(this.intervalMs)) this.intervalMs = elapsedMs
    else if (elapsedMs < 1000) this.intervalMs += (elapsedMs - this.intervalMs) / 16
  }

  #openGap(at: number): void {
    for (const column of this.#rowColumns()) column.copyWithin(at + 1, at, this.end)
  }

  #rowColumns() {
    return [
      this.times, this.counts, this.zeroCounts, this.sums, this.mins, this.maxs, this.scales, this.pairStarts, this.pairCounts,
      this.negativePairs,
    ]
  }

  #makeRoom(keptFromMs: number): void {
    let forgotten = this.indexFrom(keptFromMs)
    if (this.end - forgotten > this.times.length * 0.75) {
      if (this.times.length < HISTOGRAM_ROWS_MAX) {
        this.#forget(forgotten)
        this.#growRows()
        return
      }
      const quarter = this.start + (this.times.length >>> 2)
      this.shed += Math.max(0, quarter - forgotten)
      forgotten = Math.max(forgotten, quarter)
    }
    this.#forget(forgotten)
  }

  /** Moves the rows from `from` on to the front, and their pairs with them. */
  #forget(from: number): void {
    if (from > this.start) this.forgottenMs = this.times[from - 1]!
    for (const column of this.#rowColumns()) column.copyWithin(0, from, this.end)
    this.end -= from
    this.start = 0
    this.#packPairs(this.end)
  }

  #packPairs(rows: number): void {
    const indexes = new Int16Array(this.pairIndexes.length)
    const values = new Uint32Array(this.pairValues.length)
    let packed = 0
    for (let row = 0; row < rows; row++) {
      const from = this.pairStarts[row]!
      const to = from + this.pairCounts[row]!
      indexes.set(this.pairIndexes.subarray(from, to), packed)
      values.set(this.pairValues.subarray(from, to), packed)
      this.pairStarts[row] = packed
      packed += to - from
    }
    this.pairIndexes = indexes
    this.pairValues = values
    this.pairEnd = packed
  }

  #growRows(): void {
    const rows = this.times.length * 2
    this.times = grown(this.times, new Float64Array(rows))
    this.counts = grown(this.counts, new Float64Array(rows))
    this.zeroCounts = grown(this.zeroCounts, new Float64Array(rows))
    this.sums = grown(this.sums, new Float64Array(rows))
    this.mins = grown(this.mins, new Float64Array(rows))
    this.maxs = grown(this.maxs, new Float64Array(rows))
    this.scales = grown(this.scales, new Int8Array(rows))
    this.pairStarts = grown(this.pairStarts, new Uint32Array(rows))
    this.pairCounts = grown(this.pairCounts, new Uint16Array(rows))
    this.negativePairs = grown(this.negativePairs, new Uint16Array(rows))
  }

  /** In the middle of a row: rows before it may go, the row itself moves with its pairs. */
  #makePairRoom(): void {
    if (this.pairIndexes.length < HISTOGRAM_PAIRS_MAX) {
      this.pairIndexes = grown(this.pairIndexes, new Int16Array(this.pairIndexes.length * 2))
      this.pairValues = grown(this.pairValues, new Uint32Array(this.pairValues.length * 2))
      return
    }
    // The row being written must not be among those forgotten: it may be a late one that stands early.
    const from = Math.min(this.#row, this.start + Math.ceil(this.count / 4))
    this.shed += from - this.start
    this.pairStarts[this.#row] = this.#rowPairStart
    this.pairCounts[this.#row] = this.pairEnd - this.#rowPairStart
    this.#forget(from)
    this.#row -= from
    this.#rowPairStart = this.pairStarts[this.#row]!
    if (this.pairEnd === this.pairIndexes.length) {
      this.pairEnd = this.#rowPairStart
    }
  }
}

function grown<T extends { set(from: T): void }>(column: T, larger: T): T {
  larger.set(column)
  return larger
}
