// Data plane: extremes of what a window shows.
import type { LineSource } from './holes'

export type Extremes = { min: number, max: number }

const found: Extremes = { min: 0, max: 0 }

/** Null when nothing but gaps is visible. The result is reused by the next call. */
export function visibleRange(lines: readonly LineSource[], fromMs: number, toMs: number): Extremes | null {
  let min = Number.POSITIVE_INFINITY
  let max = Number.NEGATIVE_INFINITY
  for (const { column, shiftMs } of lines) {
    const shift = shiftMs()
    const lows = column.lows ?? column.values
    const highs = column.highs ?? column.values
    const last = Math.min(column.end, column.indexFrom(toMs - shift) + 1)
    for (let row = Math.max(column.start, column.indexFrom(fromMs - shift) - 1); row < last; row++) {
      const low = lows[row]!
      const high = highs[row]!
      if (low < min && Number.isFinite(low)) min = low
      if (high > max && Number.isFinite(high)) max = high
    }
  }
  if (min > max) return null
  found.min = min
  found.max = max
  return found
}
