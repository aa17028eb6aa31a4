// What a window shows, in figures: for people (statistics, a table) and for files (CSV). Not per frame.
import type { Column } from './column'
import { columnValueAt, type ViewLine } from './serviceView'

export type WindowStats = {
  readonly count: number
  readonly last: number
  readonly min: number
  readonly max: number
  /** Of the samples, each counted once; of a row that stands for several, its last one. */
  readonly mean: number
}

/** Of the samples within [fromMs, toMs]. Extremes are exact at any zoom: rows that stand for several samples keep them. */
export function statsOf(column: Column, shiftMs: number, fromMs: number, toMs: number): WindowStats {
  const lows = column.lows ?? column.values
  const highs = column.highs ?? column.values
  let count = 0
  let sum = 0
  let min = Number.POSITIVE_INFINITY
  let max = Number.NEGATIVE_INFINITY
  let last = Number.NaN
  const end = column.indexFrom(toMs - shiftMs + 1e-6)
  for (let row = column.indexFrom(fromMs - shiftMs); row < end; row++) {
    const value = column.values[row]!
    if (Number.isNaN(value)) continue
    count++
    sum += value
    last = value
    if (lows[row]! < min) min = lows[row]!
    if (highs[row]! > max) max = highs[row]!
  }
  return count === 0 ? { count, last, min: Number.NaN, max: Number.NaN, mean: Number.NaN } : { count, last, min, max, mean: sum / count }
}

/** Times closer than this are one row of a table: instances do not push at the same nanosecond. */
const SAME_ROW_MS = 0.5

export type WindowTable = { readonly timesMs: readonly number[], readonly values: readonly (readonly number[])[], readonly omitted: number }

/** The newest rows of a window, newest first: each sample in the row of its time, NaN where a line has none. */
export function tableOf(lines: readonly ViewLine[], fromMs: number, toMs: number, rowsMax: number): WindowTable {
  const times: number[] = []
  for (const { column, shiftMs } of lines) {
    const shift = shiftMs()
    const end = column.indexFrom(toMs - shift + 1e-6)
    for (let row = column.indexFrom(fromMs - shift); row < end; row++) times.push(column.times[row]! + shift)
  }
  times.sort((a, b) => b - a)
  const timesMs: number[] = []
  for (const timeMs of times) {
    if (timesMs.length === 0 || timesMs.at(-1)! - timeMs > SAME_ROW_MS) timesMs.push(timeMs)
  }
  const shown = timesMs.slice(0, rowsMax)
  const values = shown.map(timeMs => lines.map(({ column, shiftMs }) => sampleAt(column, timeMs - shiftMs())))
  return { timesMs: shown, values, omitted: timesMs.length - shown.length }
}

function sampleAt(column: Column, timeMs: number): number {
  const row = column.indexFrom(timeMs - SAME_ROW_MS)
  return row < column.end && column.times[row]! <= timeMs + 1e-6 ? column.values[row]! : Number.NaN
}

/** Every sample of a window, one a line: nothing is rounded, aligned or left out. Times are Unix milliseconds with all their digits. */
export function csvOf(
  lines: readonly (ViewLine & { readonly unit: string })[], fromMs: number, toMs: number, originEpochMs: number,
): string {
  const rows = ['time,unix_ms,series,unit,value,min,max']
  for (const { label, unit, column, shiftMs } of lines) {
    const shift = shiftMs()
    const end = column.indexFrom(toMs - shift + 1e-6)
    for (let row = column.indexFrom(fromMs - shift); row < end; row++) {
      const epochMs = originEpochMs + column.times[row]! + shift
      const value = column.values[row]!
      if (Number.isNaN(value)) continue
      const low = column.lows === null ? value : column.lows[row]!
      const high = column.highs === null ? value : column.highs[row]!
      const time = `${new Date(epochMs).toISOString()},${Number(epochMs.toFixed(3))}`
      rows.push(`${time},${csvText(label)},${csvText(unit)},${value},${low},${high}`)
    }
  }
  return `${rows.join('\n')}\n`
}

/** Quoted where needed. A text that a spreadsheet would run as a formula is marked as text. */
export function csvText(text: string): string {
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text
  return /[",\n\r]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}

/** The value that a line shows at an instant. */
export function lineValueAt({ column, shiftMs }: ViewLine, timeMs: number): number {
  return columnValueAt(column, timeMs - shiftMs())
}
