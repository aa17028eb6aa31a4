// Data plane: one series' samples as columns. No object per sample; times are milliseconds since the page's origin.

/** The flag of a row that does not continue the line before it. */
export const ROW_BREAK = 1
/** The flag of a row that stands for several samples: `lows` and `highs` hold more than `values`. */
export const ROW_CONFLATED = 2

export const COLUMN_ROWS_FIRST = 256
/** 10 minutes at 50 Hz are 30,000 rows; above this the older half is thinned, keeping its extremes. */
export const COLUMN_ROWS_MAX = 65_536
/** Times closer than this are the same instant: one nanosecond, after the rounding of different frame bases. */
const SAME_INSTANT_MS = 2e-6
/** A hole is at least this long: agents push every 20 ms, and their timers are late at times. */
const GAP_MIN_MS = 150
/** A sample later than this many usual intervals does not continue the line. */
const GAP_INTERVALS = 6
/** The server calls a series stale after this. */
const GAP_MAX_MS = 5000

/**
 * Rows of one series, oldest first, in linear memory: appended at the end, and moved to the front when the end is reached,
 * which costs less than one copy per row. One writer (the store); painters read between its calls, on the same thread.
 */
export class Column {
  times = new Float64Array(COLUMN_ROWS_FIRST)
  values = new Float64Array(COLUMN_ROWS_FIRST)
  /** Extremes of conflated rows; null until one arrives, and equal to `values` for all others. */
  lows: Float64Array | null = null
  highs: Float64Array | null = null
  flags = new Uint8Array(COLUMN_ROWS_FIRST)
  start = 0
  end = 0
  /** Everything older than this is as it was when `settle` was last called. */
  dirtyFromMs = Number.POSITIVE_INFINITY
  /** Grows with each change. */
  version = 0
  /** The usual time between rows, learned as they arrive. */
  intervalMs = Number.NaN
  duplicates = 0
  thinned = 0

  get count(): number {
    return this.end - this.start
  }

  get newestMs(): number {
    return this.end === this.start ? Number.NaN : this.times[this.end - 1]!
  }

  get newestValue(): number {
    return this.end === this.start ? Number.NaN : this.values[this.end - 1]!
  }

  /** After this time without a row the line is interrupted. */
  get gapMs(): number {
    if (Number.isNaN(this.intervalMs)) return GAP_MAX_MS
    return Math.min(GAP_MAX_MS, Math.max(GAP_MIN_MS, GAP_INTERVALS * this.intervalMs))
  }

  append(timeMs: number, value: number, keptFromMs: number): void {
    this.appendRow(timeMs, timeMs, value, value, value, 0, keptFromMs)
  }

  /** `startMs`: of the first sample that the row stands for. `keptFromMs`: rows before this time may go when room is needed. */
  appendRow(startMs: number, timeMs: number, value: number, low: number, high: number, flags: number, keptFromMs: number): void {
    const last = this.end - 1
    if (last >= this.start && timeMs < this.times[last]!) {
      this.#insert(timeMs, value, low, high, flags, keptFromMs)
      return
    }
    if (this.end === this.times.length) this.#makeRoom(keptFromMs)
    const at = this.end
    if (at > this.start) {
      const previousMs = this.times[at - 1]!
      if (startMs - previousMs > this.gapMs) flags |= ROW_BREAK
      else this.#learn(timeMs - previousMs)
      if (previousMs < this.dirtyFromMs) this.dirtyFromMs = previousMs
    } else if (timeMs < this.dirtyFromMs) {
      this.dirtyFromMs = timeMs
    }
    this.#put(at, timeMs, value, low, high, flags)
    this.end = at + 1
    this.version++
  }

  /** The first row at or after `timeMs`; `end` when there is none. */
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

  /** Forgets rows at or after `timeMs`: a derived column is about to be computed anew from there. */
  truncate(timeMs: number): void {
    const at = this.indexFrom(timeMs)
    if (at === this.end) return
    this.dirtyFromMs = Math.min(this.dirtyFromMs, at > this.start ? this.times[at - 1]! : this.times[at]!)
    this.end = at
    this.version++
  }

  clear(): void {
    this.start = 0
    this.end = 0
    this.intervalMs = Number.NaN
    this.dirtyFromMs = Number.NEGATIVE_INFINITY
    this.version++
  }

  /** Called after painting: what was new has been seen. */
  settle(): void {
    this.dirtyFromMs = Number.POSITIVE_INFINITY
  }

  #learn(elapsedMs: number): void {
    if (Number.isNaN(this.intervalMs)) this.intervalMs = elapsedMs
    else this.intervalMs += (elapsedMs - this.intervalMs) / 16
  }

  #put(at: number, timeMs: number, value: number, low: number, high: number, flags: number): void {
    if ((flags & ROW_CONFLATED) !== 0 && this.lows === null) {
      this.lows = this.values.slice()
      this.highs = this.values.slice()
    }
    this.times[at] = timeMs
    this.values[at] = value
    this.flags[at] = flags
    if (this.lows !== null && this.highs !== null) {
      this.lows[at] = low
      this.highs[at] = high
    }
  }

  /** A late or repeated row: rare, so it may cost a move. */
  #insert(timeMs: number, value: number, low: number, high: number, flags: number, keptFromMs: number): void {
    const found = this.indexFrom(timeMs - SAME_INSTANT_MS)
    if (found < this.end && Math.abs(this.times[found]! - timeMs) <= SAME_INSTANT_MS) {
      this.duplicates++
      return
    }
    if (this.end === this.times.length) this.#makeRoom(keptFromMs)
    const at = this.indexFrom(timeMs)
    for (const column of [this.times, this.values, this.lows, this.highs, this.flags]) column?.copyWithin(at + 1, at, this.end)
    this.end++
    const previousMs = at > this.start ? this.times[at - 1]! : timeMs
    this.#put(at, timeMs, value, low, high, timeMs - previousMs > this.gapMs ? flags | ROW_BREAK : flags)
    if (this.times[at + 1]! - timeMs <= this.gapMs) this.flags[at + 1]! &= ~ROW_BREAK
    this.dirtyFromMs = Math.min(this.dirtyFromMs, previousMs)
    this.version++
  }

  #makeRoom(keptFromMs: number): void {
    // One row before the limit stays: the line enters the window from it.
    const forgotten = Math.max(this.start, this.indexFrom(keptFromMs) - 1)
    const kept = this.end - forgotten
    if (kept <= this.times.length * 0.75) this.#move(forgotten, this)
    else if (this.times.length < COLUMN_ROWS_MAX) this.#grow(forgotten)
    else this.#thin(forgotten)
  }

  #move(from: number, columns: Pick<Column, 'times' | 'values' | 'lows' | 'highs' | 'flags'>): void {
    for (const column of [columns.times, columns.values, columns.lows, columns.highs, columns.flags]) column?.copyWithin(0, from, this.end)
    this.end -= from
    this.start = 0
  }

  #grow(from: number): void {
    const rows = this.times.length * 2
    this.times = widened(this.times, rows, from, this.end)
    this.values = widened(this.values, rows, from, this.end)
    if (this.lows !== null) this.lows = widened(this.lows, rows, from, this.end)
    if (this.highs !== null) this.highs = widened(this.highs, rows, from, this.end)
    const flags = new Uint8Array(rows)
    flags.set(this.flags.subarray(from, this.end))
    this.flags = flags
    this.end -= from
    this.start = 0
  }

  /** Merges the older half pairwise: it loses resolution, never a spike. */
  #thin(from: number): void {
    this.#move(from, this)
    const half = this.end >>> 2 << 1
    let kept = 0
    for (let row = 0; row < half; row += 2) {
      const flags = this.flags[row]! | this.flags[row + 1]! | ROW_CONFLATED
      const low = lower(this.#low(row), this.#low(row + 1))
      const high = -lower(-this.#high(row), -this.#high(row + 1))
      this.#put(kept++, this.times[row + 1]!, this.values[row + 1]!, low, high, flags)
    }
    for (const column of [this.times, this.values, this.lows, this.highs, this.flags]) column?.copyWithin(kept, half, this.end)
    this.end -= half - kept
    this.thinned += half - kept
    this.dirtyFromMs = Number.NEGATIVE_INFINITY
  }

  #low(row: number): number {
    return this.lows === null ? this.values[row]! : this.lows[row]!
  }

  #high(row: number): number {
    return this.highs === null ? this.values[row]! : this.highs[row]!
  }
}

/** The smaller of two, NaN left out. */
function lower(a: number, b: number): number {
  return a < b || Number.isNaN(b) ? a : b
}

function widened(column: Float64Array, rows: number, from: number, to: number): Float64Array<ArrayBuffer> {
  const wider = new Float64Array(rows)
  wider.set(column.subarray(from, to))
  return wider
}
