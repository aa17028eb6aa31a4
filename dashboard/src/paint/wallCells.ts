// Data plane: the values of thousands of series as cells of (slice of time, row). Nothing is allocated per frame.
import { ROW_BREAK } from '../store/column'
import type { LineSource } from './holes'

/** A series counts as silent this long after its last row. */
const HELD_MAX_MS = 5000

/** The cells of one stretch of time. Where several series share a row, the highest value is shown. */
export class WallCells {
  sliceMs = 100
  rows = 1
  firstSlice = 0
  #slices = 0
  #cells = new Float32Array(0)

  configure(sliceMs: number, rows: number): void {
    this.sliceMs = sliceMs
    this.rows = Math.max(1, rows)
  }

  /** NaN where there is none. */
  value(slice: number, row: number): number {
    const at = slice - this.firstSlice
    return at < 0 || at >= this.#slices ? Number.NaN : this.#cells[at * this.rows + row]!
  }

  /** The highest value within a stretch of time; 0 when there is none. */
  highest(series: readonly LineSource[], fromMs: number, toMs: number): number {
    let highest = 0
    for (const { column, shiftMs } of series) {
      const shift = shiftMs()
      const highs = column.highs ?? column.values
      const end = column.indexFrom(toMs - shift)
      for (let row = column.indexFrom(fromMs - shift); row < end; row++) {
        const value = highs[row]!
        if (value > highest && value < Number.POSITIVE_INFINITY) highest = value
      }
    }
    return highest
  }

  fill(series: readonly LineSource[], fromMs: number, toMs: number, nowMs: number): void {
    this.firstSlice = Math.floor(fromMs / this.sliceMs)
    this.#slices = Math.floor(toMs / this.sliceMs) - this.firstSlice + 1
    const needed = this.#slices * this.rows
    if (this.#cells.length < needed) this.#cells = new Float32Array(Math.ceil(needed * 1.25))
    this.#cells.fill(Number.NaN, 0, needed)
    const perRow = series.length / this.rows
    for (let i = 0; i < series.length; i++) this.#add(series[i]!, Math.min(this.rows - 1, Math.floor(i / perRow)), nowMs)
  }

  /** A value holds from its row to the next, unless that follows a gap. */
  #add({ column, shiftMs }: LineSource, wallRow: number, nowMs: number): void {
    const shift = shiftMs()
    const highs = column.highs ?? column.values
    const { times, flags } = column
    const beginMs = this.firstSlice * this.sliceMs - shift
    const endMs = (this.firstSlice + this.#slices) * this.sliceMs - shift
    const last = column.indexFrom(endMs)
    for (let row = Math.max(column.start, column.indexFrom(beginMs) - 1); row < last; row++) {
      const untilMs = row + 1 < column.end
        ? (flags[row + 1]! & ROW_BREAK) !== 0 ? times[row]! + 1 : times[row + 1]!
        : Math.min(nowMs - shift, times[row]! + HELD_MAX_MS)
      const from = Math.max(0, Math.floor((times[row]! + shift) / this.sliceMs) - this.firstSlice)
      const to = Math.min(this.#slices - 1, Math.floor((untilMs + shift) / this.sliceMs) - this.firstSlice)
      const value = highs[row]!
      for (let slice = from; slice <= to; slice++) {
        const at = slice * this.rows + wallRow
        if (!(this.#cells[at]! >= value)) this.#cells[at] = value
      }
    }
  }
}
