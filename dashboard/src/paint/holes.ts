// Data plane: where a chart has nothing to draw. A hole is one only where every line has it.
import { ROW_BREAK, type Column } from '../store/column'
import type { hatch, LiveWindow } from './strip'
import type { Surface } from './surface'

const HOLES_MAX = 128

export type LineSource = { readonly column: Column, readonly shiftMs: () => number }

/** Holes of a set of lines within a stretch of time: pairs in preallocated memory. */
export class Holes {
  readonly fromMs = new Float64Array(HOLES_MAX)
  readonly toMs = new Float64Array(HOLES_MAX)
  count = 0

  /** `nowMs`: where the picture ends; a line that has been silent for its gap time has a hole up to there. */
  find(lines: readonly LineSource[], fromMs: number, toMs: number, nowMs: number): void {
    this.count = 0
    let first = true
    for (const line of lines) {
      if (line.column.count === 0) continue
      if (first) this.#collect(line, fromMs, toMs, nowMs)
      else this.#keepCommon(line, nowMs)
      if (this.count === 0 && !first) return
      first = false
    }
  }

  paint(surface: Surface, window: LiveWindow, fill: typeof hatch, colour: string): void {
    for (let hole = 0; hole < this.count; hole++) {
      const from = (this.fromMs[hole]! - window.leftMs) / window.msPerPixel
      const to = Math.min(surface.width, (this.toMs[hole]! - window.leftMs) / window.msPerPixel)
      fill(surface.data.context, from, to, surface.height, window.edgeColumn + 1 - surface.width, surface.ratio, colour)
    }
  }

  #collect({ column, shiftMs }: LineSource, fromMs: number, toMs: number, nowMs: number): void {
    const shift = shiftMs()
    for (let row = Math.max(column.start + 1, column.indexFrom(fromMs - shift)); row < column.end; row++) {
      const holeFrom = column.times[row - 1]! + shift
      if (holeFrom > toMs) return
      if ((column.flags[row]! & ROW_BREAK) !== 0) this.#add(holeFrom, column.times[row]! + shift)
    }
    const newest = column.newestMs + shift
    if (newest <= toMs && nowMs - newest > column.gapMs) this.#add(newest, nowMs)
  }

  #keepCommon({ column, shiftMs }: LineSource, nowMs: number): void {
    const shift = shiftMs()
    let kept = 0
    for (let hole = 0; hole < this.count; hole++) {
      const from = this.fromMs[hole]! - shift
      const to = this.toMs[hole]! - shift
      const inside = column.indexFrom(from + 1e-6)
      const next = inside < column.end ? column.times[inside]! : Number.POSITIVE_INFINITY
      const previous = inside > column.start ? column.times[inside - 1]! : from
      const silent = next === Number.POSITIVE_INFINITY && nowMs - shift - previous <= column.gapMs
      const continued = inside > column.start && inside < column.end && (column.flags[inside]! & ROW_BREAK) === 0
      if (silent || continued || next - previous <= column.gapMs) continue
      this.fromMs[kept] = Math.max(from, previous) + shift
      this.toMs[kept] = Math.min(to, next) + shift
      if (this.toMs[kept]! > this.fromMs[kept]!) kept++
    }
    this.count = kept
  }

  #add(fromMs: number, toMs: number): void {
    if (this.count === HOLES_MAX) return
    this.fromMs[this.count] = fromMs
    this.toMs[this.count++] = toMs
  }
}
