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
/** Steps of the history without a sample that make a gap. */
export const HISTORY_GAP_STEPS = 2.5
/** The coarsest rows that an aggregator keeps. */
const MINUTE_ROW_MS = 60_000
/** The server calls a series stale after this. */
const GAP_MAX_MS = 5000

/** Rows read from a history: columns of one length, in order of time. */
export type HistoryRows = {
  readonly times: readonly number[]
  readonly values: readonly number[]
  readonly lows: readonly number[]
  readonly highs: readonly number[]
  /** Set where the reader knows better than their distances which rows follow a gap. */
  readonly flags?: readonly number[]
}

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
  /** The oldest row that came with the stream. Rows before it were read from the aggregator's history, at the screen's resolution. */
  liveFromMs = Number.POSITIVE_INFINITY
  /** What those rows cover, and how far apart they are. */
  historyFromMs = Number.POSITIVE_INFINITY
  historyToMs = Number.NEGATIVE_INFINITY
  historyStepMs = 0
  /** While rows of that resolution are appended: they are no gaps. */
  gapFloorMs = 0
  #unseenHistory = false

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
    if (Number.isNaN(this.intervalMs)) return Math.max(this.gapFloorMs, GAP_MAX_MS)
    return Math.max(this.gapFloorMs, Math.min(GAP_MAX_MS, Math.max(GAP_MIN_MS, GAP_INTERVALS * this.intervalMs)))
  }

  append(timeMs: number, value: number, keptFromMs: number): void {
    this.appendRow(timeMs, timeMs, value, value, value, 0, keptFromMs)
  }

  /** `startMs`: of the first sample that the row stands for. `keptFromMs`: rows before this time may go when room is needed. */
  appendRow(startMs: number, timeMs: number, value: number, low: number, high: number, flags: number, keptFromMs: number): void {
    const last = this.end - 1
    if (last >= this.start && timeMs < this.times[last]!) {
      this.#insert(startMs, timeMs, value, low, high, flags, keptFromMs)
      return
    }
    if (timeMs < this.liveFromMs) this.liveFromMs = timeMs
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

  /** True while a row's value holds at an instant after it: the next row continues it, or there is none yet and it is not too old. */
  holdsAt(row: number, timeMs: number, silenceMs = this.gapMs): boolean {
    return row + 1 < this.end ? (this.flags[row + 1]! & ROW_BREAK) === 0 : timeMs - this.times[row]! <= silenceMs
  }

  /** Puts what the aggregator remembers of [fromMs, toMs] before the rows of the stream, in place of what was there. */
  replaceHistory(rows: HistoryRows, fromMs: number, toMs: number, stepMs: number): void {
    const live = this.indexFrom(this.liveFromMs)
    const before = rows.times.findLastIndex(timeMs => timeMs < this.liveFromMs) + 1
    const count = before + this.end - live
    let capacity = COLUMN_ROWS_FIRST
    while (capacity < count * 1.25 && capacity < COLUMN_ROWS_MAX) capacity *= 2
    const kept = Math.min(this.end - live, capacity - before)
    const from = this.end - kept
    const rebuild = (old: Float64Array, history: readonly number[]) => {
      const next = new Float64Array(capacity)
      next.set(history.slice(0, before))
      next.set(old.subarray(from, this.end), before)
      return next
    }
    const { times, values, lows, highs } = this
    const flags = new Uint8Array(capacity)
    const gapMs = Math.max(HISTORY_GAP_STEPS * stepMs, Number.isNaN(this.intervalMs) ? 0 : this.gapMs)
    for (let row = 0; row < before; row++) {
      flags[row] = rows.flags?.[row] ?? ROW_CONFLATED | (row > 0 && isGap(rows.times, row, gapMs) ? ROW_BREAK : 0)
    }
    flags.set(this.flags.subarray(from, this.end), before)
    if (before > 0 && kept > 0) {
      const broken = times[from]! - rows.times[before - 1]! > gapMs
      flags[before] = broken ? flags[before]! | ROW_BREAK : flags[before]! & ~ROW_BREAK
    }
    this.times = rebuild(times, rows.times)
    this.values = rebuild(values, rows.values)
    this.lows = rebuild(lows ?? values, rows.lows)
    this.highs = rebuild(highs ?? values, rows.highs)
    this.flags = flags
    this.start = 0
    this.end = before + kept
    this.historyFromMs = fromMs
    this.historyToMs = toMs
    this.historyStepMs = stepMs
    this.#unseenHistory = true
    this.dirtyFromMs = Number.NEGATIVE_INFINITY
    this.version++
  }

  /** Forgets rows at or after `timeMs`: a derived column is about to be computed again from there. */
  truncate(timeMs: number): void {
    const at = this.indexFrom(timeMs)
    if (at === this.end) return
    this.dirtyFromMs = Math.min(this.dirtyFromMs, at > this.start ? this.times[at - 1]! : this.times[at]!)
    this.end = at
    if (this.liveFromMs >= timeMs) this.liveFromMs = Number.POSITIVE_INFINITY
    this.version++
  }

  clear(): void {
    this.start = 0
    this.end = 0
    this.intervalMs = Number.NaN
    this.liveFromMs = this.historyFromMs = Number.POSITIVE_INFINITY
    this.historyToMs = Number.NEGATIVE_INFINITY
    this.dirtyFromMs = Number.NEGATIVE_INFINITY
    this.version++
  }

  /** Called after painting: what was new has been seen. Derived columns are settled before the next frame: history may have come since. */
  settle(): void {
    if (!this.#unseenHistory) this.dirtyFromMs = Number.POSITIVE_INFINITY
    this.#unseenHistory = false
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
  #insert(startMs: number, timeMs: number, value: number, low: number, high: number, flags: number, keptFromMs: number): void {
    const found = this.indexFrom(timeMs - SAME_INSTANT_MS)
    if (found < this.end && Math.abs(this.times[found]! - timeMs) <= SAME_INSTANT_MS) {
      this.duplicates++
      return
    }
    if (timeMs < this.liveFromMs) this.liveFromMs = timeMs
    if (this.end === this.times.length) this.#makeRoom(keptFromMs)
    const at = this.indexFrom(timeMs)
    for (const column of [this.times, this.values, this.lows, this.highs, this.flags]) column?.copyWithin(at + 1, at, this.end)
    this.end++
    const previousMs = at > this.start ? this.times[at - 1]! : timeMs
    this.#put(at, timeMs, value, low, high, startMs - previousMs > this.gapMs ? flags | ROW_BREAK : flags)
    if (this.times[at + 1]! - timeMs <= this.gapMs) this.flags[at + 1]! &= ~ROW_BREAK
    this.dirtyFromMs = Math.min(this.dirtyFromMs, previousMs)
    this.version++
  }

  #makeRoom(keptFromMs: number): void {
    // One row before the limit stays: the line enters the window from it.
    const forgotten = Math.max(this.start, this.indexFrom(keptFromMs) - 1)
    const kept = this.end - forgotten
    // If it is shown again, it is read again.
    if (forgotten > this.start && this.times[forgotten]! > this.historyFromMs) this.historyFromMs = Number.POSITIVE_INFINITY
    if (kept <= this.times.length * 0.75) this.#move(forgotten, this)
    else if (this.times.length < COLUMN_ROWS_MAX) this.#grow(forgotten)
    else this.#thin(forgotten)
    if (this.end > this.start && this.times[this.start]! > this.liveFromMs) this.liveFromMs = this.times[this.start]!
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

/**
 * True when a row of a history does not continue the one before it. The oldest part is kept by minutes, however fine the steps
 * that were asked for: rows that stand alone, a minute apart, are no gap.
 */
function isGap(times: readonly number[], row: number, gapMs: number): boolean {
  const elapsedMs = times[row]! - times[row - 1]!
  if (elapsedMs <= gapMs) return false
  const alone = row === 1 || times[row - 1]! - times[row - 2]! > gapMs
  return !(alone && elapsedMs <= MINUTE_ROW_MS + gapMs)
}
