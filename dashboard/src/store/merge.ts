// Data plane: one line out of the same metric of many instances (a sum, a weighted mean), at the times of their samples.
import { Column, ROW_BREAK, ROW_CONFLATED } from './column'
import { CELL_MS } from './percentiles'

/** The agents' gauges are over a sliding second: a value is valid no longer than that. */
const HOLD_MS = 1000

export type GaugeSource = { readonly column: Column, readonly shiftMs: () => number }

/**
 * Makes one number of the instances' values: `values` holds `channels` numbers for each instance, NaN where it has none.
 */
export type Combine = (values: Float64Array, instances: number) => number

export function sumOf(values: Float64Array, instances: number): number {
  let sum = Number.NaN
  for (let i = 0; i < instances; i++) {
    const value = values[i]!
    if (!Number.isNaN(value)) sum = Number.isNaN(sum) ? value : sum + value
  }
  return sum
}

export function meanOf(values: Float64Array, instances: number): number {
  let sum = 0
  let count = 0
  for (let i = 0; i < instances; i++) {
    const value = values[i]!
    if (Number.isNaN(value)) continue
    sum += value
    count++
  }
  return count === 0 ? Number.NaN : sum / count
}

export function minOf(values: Float64Array, instances: number): number {
  let min = Number.NaN
  for (let i = 0; i < instances; i++) if (!(values[i]! >= min) && !Number.isNaN(values[i]!)) min = values[i]!
  return min
}

export function maxOf(values: Float64Array, instances: number): number {
  let max = Number.NaN
  for (let i = 0; i < instances; i++) if (!(values[i]! <= max) && !Number.isNaN(values[i]!)) max = values[i]!
  return max
}

/** Channels: a ratio, and what it is a ratio of. Exact: the weights are over the same sliding second as the ratios. */
export function weightedMeanOf(values: Float64Array, instances: number): number {
  let weights = Number.NaN
  let sum = 0
  for (let i = 0; i < instances; i++) {
    const ratio = values[2 * i]!
    const weight = values[2 * i + 1]!
    if (Number.isNaN(ratio) || Number.isNaN(weight)) continue
    weights = Number.isNaN(weights) ? weight : weights + weight
    sum += ratio * weight
  }
  return weights === 0 ? 0 : sum / weights
}

/** Keeps one column up to date with `channels` columns of each of several instances. */
export class MergedLine {
  readonly column = new Column()
  readonly #combine: Combine
  #sources: readonly GaugeSource[] = []
  #channels = 1
  #at = new Int32Array(0)
  #values = new Float64Array(0)
  #lows = new Float64Array(0)
  #highs = new Float64Array(0)
  #all = true
  /** Rows of the cell that go on without a gap. */
  #continuing = 0

  constructor(combine: Combine) {
    this.#combine = combine
  }

  /** `sources`: channel by channel within instance by instance. */
  setSources(sources: readonly GaugeSource[], channels: number): void {
    this.#sources = sources
    this.#channels = channels
    this.#at = new Int32Array(sources.length)
    this.#values = new Float64Array(sources.length)
    this.#lows = new Float64Array(sources.length)
    this.#highs = new Float64Array(sources.length)
    this.invalidate()
  }

  invalidate(): void {
    this.#all = true
  }

  update(keptFromMs: number): void {
    this.column.settle()
    let changedMs = this.#all ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY
    for (const { column, shiftMs } of this.#sources) changedMs = Math.min(changedMs, column.dirtyFromMs + shiftMs())
    if (changedMs === Number.POSITIVE_INFINITY) return
    // The dirty time is that of the row before the new one, which is as it was: its cell is computed again all the same.
    const fromMs = Math.max(Math.floor(changedMs / CELL_MS) * CELL_MS, this.#oldestMs())
    if (this.#all) this.column.clear()
    else this.column.truncate(fromMs)
    this.#all = false
    this.#walk(fromMs, keptFromMs)
  }

  #oldestMs(): number {
    let oldestMs = Number.POSITIVE_INFINITY
    for (const { column, shiftMs } of this.#sources) {
      if (column.count > 0) oldestMs = Math.min(oldestMs, column.times[column.start]! + shiftMs())
    }
    return oldestMs === Number.POSITIVE_INFINITY ? 0 : Math.floor(oldestMs / CELL_MS) * CELL_MS
  }

  #walk(fromMs: number, keptFromMs: number): void {
    for (let i = 0; i < this.#sources.length; i++) {
      const { column, shiftMs } = this.#sources[i]!
      this.#at[i] = column.indexFrom(fromMs - shiftMs())
    }
    for (let nextMs = this.#nextRowMs(); nextMs < Number.POSITIVE_INFINITY; nextMs = this.#nextRowMs()) {
      const cellEndMs = (Math.floor(nextMs / CELL_MS) + 1) * CELL_MS
      let newestMs = nextMs
      let conflated = false
      this.#continuing = 0
      for (let i = 0; i < this.#sources.length; i++) {
        newestMs = Math.max(newestMs, this.#take(i, cellEndMs))
      }
      for (let i = 0; i < this.#sources.length; i++) {
        this.#hold(i, newestMs)
        conflated ||= this.#lows[i] !== this.#highs[i] && !Number.isNaN(this.#lows[i]!)
      }
      const instances = this.#sources.length / this.#channels
      const value = this.#combine(this.#values, instances)
      const low = conflated && this.#channels === 1 ? this.#combine(this.#lows, instances) : value
      const high = conflated && this.#channels === 1 ? this.#combine(this.#highs, instances) : value
      const flags = low === high ? 0 : ROW_CONFLATED
      this.column.gapFloorMs = historyGapMs(this.#sources, newestMs)
      // Where a source goes on without a gap, so does the sum, however far apart a slow class brings the rows.
      const startMs = this.#continuing > 0 && this.column.count > 0 ? this.column.newestMs : newestMs
      this.column.appendRow(startMs, newestMs, value, Math.min(low, value), Math.max(high, value), flags, keptFromMs)
    }
  }

  #nextRowMs(): number {
    let nextMs = Number.POSITIVE_INFINITY
    for (let i = 0; i < this.#sources.length; i++) {
      const { column, shiftMs } = this.#sources[i]!
      if (this.#at[i]! < column.end) nextMs = Math.min(nextMs, column.times[this.#at[i]!]! + shiftMs())
    }
    return nextMs
  }

  /** Takes the rows of a source up to the end of the cell and remembers their extremes. Returns the time of the last one. */
  #take(source: number, endMs: number): number {
    const { column, shiftMs } = this.#sources[source]!
    const end = endMs - shiftMs()
    let at = this.#at[source]!
    let low = Number.NaN
    let high = Number.NaN
    while (at < column.end && column.times[at]! < end) {
      const rowLow = column.lows === null ? column.values[at]! : column.lows[at]!
      const rowHigh = column.highs === null ? column.values[at]! : column.highs[at]!
      if (!(rowLow >= low)) low = rowLow
      if (!(rowHigh <= high)) high = rowHigh
      if (at > column.start && (column.flags[at]! & ROW_BREAK) === 0) this.#continuing++
      at++
    }
    const taken = at > this.#at[source]!
    this.#at[source] = at
    this.#lows[source] = low
    this.#highs[source] = high
    return taken ? column.times[at - 1]! + shiftMs() : Number.NEGATIVE_INFINITY
  }

  /** The current value of a source: its last one, unless that is too old. */
  #hold(source: number, nowMs: number): void {
    const { column, shiftMs } = this.#sources[source]!
    const row = this.#at[source]! - 1
    const at = nowMs - shiftMs()
    // Rows of the history stand further apart than an instance may be silent.
    const held = row >= column.start && (at - column.times[row]! <= HOLD_MS || (at < column.liveFromMs && column.holdsAt(row, at)))
    const value = held ? column.values[row]! : Number.NaN
    this.#values[source] = value
    if (Number.isNaN(this.#lows[source]!)) {
      this.#lows[source] = value
      this.#highs[source] = value
    }
  }
}

/** How far apart rows may stand at an instant without being a gap, where some source has only its history; 0 where all are live. */
function historyGapMs(sources: readonly GaugeSource[], timeMs: number): number {
  let gapMs = 0
  for (const { column, shiftMs } of sources) {
    if (timeMs - shiftMs() - column.historyStepMs < column.liveFromMs) gapMs = Math.max(gapMs, 2.5 * column.historyStepMs)
  }
  return gapMs
}
