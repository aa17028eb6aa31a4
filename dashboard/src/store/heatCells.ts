// Data plane: histograms as counts per (slice of time, row of value), which is what a heat map shows.
import type { HistogramColumn } from './histogramColumn'
import type { HistogramHistory } from './histogramHistory'
import type { HistogramSource } from './percentiles'

const HEAT_SLICES_MAX = 1024
export const HEAT_ROWS_MAX = 160

/** A ring of slices. Rows divide the logarithm of the value evenly. Late rows count too: their slices are counted again. */
export class HeatCells {
  sliceMs = 100
  /** log2 of the value at the bottom of row 0. */
  bottom = 0
  rowsPerOctave = 8
  rows = 0
  #cells = new Float32Array(0)
  #sliceIds = new Float64Array(HEAT_SLICES_MAX).fill(-1)
  #sources: readonly HistogramSource[] = []
  #history: HistogramHistory | null = null
  #historyVersion = -1
  #cutMs = Number.NEGATIVE_INFINITY
  #all = true

  /** `history`: what was before the rows of the sources. */
  setSources(sources: readonly HistogramSource[], history: HistogramHistory | null = null): void {
    this.#sources = sources
    this.#history = history
    this.#all = true
  }

  /** True when what was before the stream has changed since the last update: then every cell is counted again. */
  get historyChanged(): boolean {
    const history = this.#history
    return history !== null && (history.version !== this.#historyVersion || history.cutMs !== this.#cutMs)
  }

  invalidate(): void {
    this.#all = true
  }

  /** Another division of time or value: everything is counted again. */
  configure(sliceMs: number, bottom: number, rowsPerOctave: number, rows: number): void {
    if (this.sliceMs === sliceMs && this.bottom === bottom && this.rowsPerOctave === rowsPerOctave && this.rows === rows) return
    this.sliceMs = sliceMs
    this.bottom = bottom
    this.rowsPerOctave = rowsPerOctave
    this.rows = Math.min(HEAT_ROWS_MAX, rows)
    this.#cells = new Float32Array(HEAT_SLICES_MAX * this.rows)
    this.#all = true
  }

  count(slice: number, row: number): number {
    const at = ((slice % HEAT_SLICES_MAX) + HEAT_SLICES_MAX) % HEAT_SLICES_MAX
    return this.#sliceIds[at] === slice ? this.#cells[at * this.rows + row]! : 0
  }

  /** Counts what changed within [fromMs, toMs]. */
  update(fromMs: number, toMs: number): void {
    if (this.historyChanged && this.#history !== null) {
      this.#historyVersion = this.#history.version
      this.#cutMs = this.#history.cutMs
      this.#all = true
    }
    let changedMs = this.#all ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY
    for (const { histogram, shiftMs } of this.#sources) changedMs = Math.min(changedMs, histogram.dirtyFromMs + shiftMs())
    this.#all = false
    if (changedMs > toMs) return
    const last = Math.floor(toMs / this.sliceMs)
    const first = Math.max(Math.floor(Math.max(changedMs, fromMs) / this.sliceMs), last - HEAT_SLICES_MAX + 1)
    for (let slice = first; slice <= last; slice++) this.#clear(slice)
    for (const source of this.#sources) this.#add(source, first, last)
    if (this.#history !== null) this.#addHistory(this.#history, first, last)
  }

  max(fromMs: number, toMs: number): number {
    let max = 0
    for (let slice = Math.floor(fromMs / this.sliceMs); slice <= Math.floor(toMs / this.sliceMs); slice++) {
      const at = ((slice % HEAT_SLICES_MAX) + HEAT_SLICES_MAX) % HEAT_SLICES_MAX
      if (this.#sliceIds[at] !== slice) continue
      for (let cell = at * this.rows; cell < (at + 1) * this.rows; cell++) {
        if (this.#cells[cell]! > max) max = this.#cells[cell]!
      }
    }
    return max
  }

  #clear(slice: number): void {
    const at = ((slice % HEAT_SLICES_MAX) + HEAT_SLICES_MAX) % HEAT_SLICES_MAX
    this.#sliceIds[at] = slice
    this.#cells.fill(0, at * this.rows, (at + 1) * this.rows)
  }

  #add({ histogram, shiftMs }: HistogramSource, first: number, last: number): void {
    const shift = shiftMs()
    const end = histogram.indexFrom((last + 1) * this.sliceMs - shift)
    for (let row = histogram.indexFrom(Math.max(first * this.sliceMs, this.#cutMs) - shift); row < end; row++) {
      this.#addRow(histogram, row, Math.floor((histogram.times[row]! + shift) / this.sliceMs), 1)
    }
  }

  /** A row of the history may stand for many slices: it counts in each for the time that it shares with it. */
  #addHistory(history: HistogramHistory, first: number, last: number): void {
    const { rows } = history
    const toMs = Math.min((last + 1) * this.sliceMs, this.#cutMs)
    for (let row = rows.start; row < rows.end && rows.times[row]! < toMs; row++) {
      const fromMs = rows.times[row]!
      const length = history.lengthOf(row)
      const endMs = fromMs + length
      const lastOf = Math.min(last, Math.ceil(endMs / this.sliceMs - 1e-9) - 1)
      for (let slice = Math.max(first, Math.floor(fromMs / this.sliceMs + 1e-9)); slice <= lastOf; slice++) {
        const shared = Math.min(endMs, (slice + 1) * this.sliceMs) - Math.max(fromMs, slice * this.sliceMs)
        if (shared > 0) this.#addRow(rows, row, slice, shared / length)
      }
    }
  }

  #addRow(histogram: HistogramColumn, row: number, slice: number, share: number): void {
    const base = (((slice % HEAT_SLICES_MAX) + HEAT_SLICES_MAX) % HEAT_SLICES_MAX) * this.rows
    const width = 2 ** -histogram.scales[row]!
    const pairEnd = histogram.pairStarts[row]! + histogram.pairCounts[row]!
    for (let pair = histogram.pairStarts[row]! + histogram.negativePairs[row]!; pair < pairEnd; pair++) {
      const low = histogram.pairIndexes[pair]! * width
      const from = (low - this.bottom) * this.rowsPerOctave
      this.#spread(base, from, from + width * this.rowsPerOctave, histogram.pairValues[pair]! * share)
    }
  }

  /** A bucket wider than a row counts in all rows it covers, in proportion. What is off the axis counts at its end. */
  #spread(base: number, from: number, to: number, count: number): void {
    const low = Math.max(0, Math.min(this.rows - 1e-6, from))
    const high = Math.max(low, Math.min(this.rows - 1e-6, to))
    const firstRow = Math.floor(low)
    const lastRow = Math.floor(high)
    if (firstRow === lastRow || high <= low) {
      this.#cells[base + firstRow]! += count
      return
    }
    const perRow = count / (high - low)
    for (let row = firstRow; row <= lastRow; row++) {
      this.#cells[base + row]! += perRow * (Math.min(row + 1, high) - Math.max(row, low))
    }
  }
}
