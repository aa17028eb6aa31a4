import { HeatCells, HEAT_ROWS_MAX } from '../store/heatCells'
import type { HistogramColumn } from '../store/histogramColumn'
import type { HistogramHistory } from '../store/histogramHistory'
import type { HistogramSource } from '../store/percentiles'
import { timeTickStepMs, paintTimeLines } from './axes'
import type { ChartOutput, PaintFrame } from './chart'
import { paintCursor } from './cursor'
import { formatDuration, formatFixed, formatIn, scaleFor, type Scaled } from './format'
import { Holes, type LineSource } from './holes'
import type { PlotContent } from './livePlot'
import { hatch, type LiveWindow } from './strip'
import type { Surface } from './surface'
import { HEAT_LEVELS } from './theme'
import type { Projection } from './trace'

export type HeatModel = {
  readonly sources: readonly HistogramSource[]
  /** A line with the same rows: where it is interrupted, so is the map. */
  readonly presence: readonly LineSource[]
  readonly unit: string
  /** What was before the rows of the sources. */
  readonly history?: HistogramHistory
}

const SLICES_MS = [
  20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000, 60_000, 120_000, 300_000, 600_000, 1_200_000, 3_600_000,
]
const SLICE_MIN_PX = 4
const ROW_MIN_PX = 4
const LABEL_PX = 11
const SHRINK_AFTER_MS = 3000
const TICKS_MAX = 5

/** Histograms over time: the logarithm of the value upwards, the count as colour. */
export class HeatContent implements PlotContent {
  readonly output: ChartOutput
  readonly cells = new HeatCells()
  scaled: Scaled = { factor: 1, unit: '' }
  #pointerHeight = Number.NaN
  #model: HeatModel = { sources: [], presence: [], unit: '' }
  #version = 0
  #viewVersion = -1
  /** Bounds of the axis: log2 of the values. */
  #low = 0
  #high = 1
  #empty = true
  #smallSinceMs = Number.NaN
  #countMax = 1
  readonly #holes = new Holes()
  readonly #projection: Projection = { leftMs: 0, msPerPixel: 1, minValue: 0, pixelsPerUnit: 1, height: 0 }

  constructor(name: string, canvas: HTMLCanvasElement) {
    this.output = { name, canvas, paints: 0, range: { min: 0, max: 1 }, msPerPixel: Number.NaN, points: [] }
  }

  get version(): number {
    return this.#version
  }

  /** The count that the brightest colour stands for. */
  get countMax(): number {
    return this.#countMax
  }

  setModel(model: HeatModel): void {
    this.#model = model
    this.cells.setSources(model.sources, model.history)
    this.#empty = true
    this.#version++
  }

  dirtyFromMs(): number {
    let dirtyMs = Number.POSITIVE_INFINITY
    for (const { histogram, shiftMs } of this.#model.sources) dirtyMs = Math.min(dirtyMs, histogram.dirtyFromMs + shiftMs())
    return Number.isFinite(dirtyMs) ? Math.floor(dirtyMs / this.cells.sliceMs) * this.cells.sliceMs : dirtyMs
  }

  newestMs(): number {
    let newestMs = Number.NEGATIVE_INFINITY
    for (const { histogram, shiftMs } of this.#model.sources) {
      if (histogram.count > 0) newestMs = Math.max(newestMs, histogram.newestMs + shiftMs())
    }
    return newestMs
  }

  holeAtEdge(window: LiveWindow, frame: PaintFrame): boolean {
    let some = false
    for (const { column, shiftMs } of this.#model.presence) {
      if (column.count === 0) continue
      some = true
      if (Math.min(frame.nowMs, window.edgeMs) - column.newestMs - shiftMs() <= column.gapMs) return false
    }
    return some
  }

  fit(surface: Surface, window: LiveWindow, frame: PaintFrame, _dirtyMs: number, all: boolean): void {
    if (all) this.#fitAxis(window, frame.nowMs)
    const rows = Math.max(1, Math.min(HEAT_ROWS_MAX, Math.floor(surface.height / surface.ratio / ROW_MIN_PX)))
    const sliceMs = SLICES_MS.find(ms => ms >= SLICE_MIN_PX * surface.ratio * window.msPerPixel) ?? SLICES_MS.at(-1)!
    const before = this.cells.sliceMs
    this.cells.configure(sliceMs, this.#low, rows / (this.#high - this.#low), rows)
    if (before !== sliceMs) this.#version++
    if (frame.viewVersion !== this.#viewVersion) this.cells.invalidate()
    this.#viewVersion = frame.viewVersion
    if (this.cells.historyChanged) this.#version++
    // Rows that an agent's clock places just ahead of the edge are counted too: they are not reported again.
    this.cells.update(window.leftMs - sliceMs, frame.live ? Math.max(window.edgeMs, this.newestMs()) : window.edgeMs)
    if (all) this.#fitColour(window)
  }

  project(surface: Surface, window: LiveWindow): Projection {
    const projection = this.#projection
    projection.leftMs = window.leftMs
    projection.msPerPixel = window.msPerPixel
    projection.minValue = this.#low
    projection.height = surface.height
    projection.pixelsPerUnit = surface.height / (this.#high - this.#low)
    return projection
  }

  paintGrid(surface: Surface, frame: PaintFrame): void {
    const { context, canvas } = surface.grid
    const { ratio, gutter, height } = surface
    const { theme } = frame
    context.clearRect(0, 0, canvas.width, canvas.height)
    context.font = `${LABEL_PX * ratio}px ${theme.font}`
    context.textAlign = 'right'
    context.textBaseline = 'middle'
    this.scaled = scaleFor(this.#model.unit, 2 ** this.#high)
    for (const value of logTicks(2 ** this.#low, 2 ** this.#high)) {
      const y = Math.round(height - (Math.log2(value) - this.#low) * this.#projection.pixelsPerUnit)
      context.fillStyle = theme.grid
      context.fillRect(gutter, y, surface.width, Math.max(1, Math.round(ratio)))
      context.fillStyle = theme.textFaint
      const shown = value / this.scaled.factor
      const decimals = Math.max(0, Math.min(6, -Math.floor(Math.log10(shown) + 1e-9)))
      const half = LABEL_PX * ratio / 2
      context.fillText(formatFixed(shown, decimals), gutter - 6 * ratio, Math.max(half, Math.min(height - half, y)))
    }
    context.fillStyle = theme.line
    context.fillRect(gutter, height - ratio, surface.width, ratio)
  }

  paintData(surface: Surface, fromMs: number, window: LiveWindow, frame: PaintFrame): void {
    const { context } = surface.data
    const { cells } = this
    const stepMs = timeTickStepMs(surface.width / surface.ratio, frame.spanMs)
    paintTimeLines(context, this.#projection, stepMs, fromMs - stepMs, window.edgeMs, frame.originEpochMs, surface.ratio, frame.theme.grid)
    this.#holes.find(this.#model.presence, fromMs, window.edgeMs, frame.nowMs)
    this.#holes.paint(surface, window, hatch, frame.theme.hatch)
    const perLevel = (HEAT_LEVELS - 1) / Math.log1p(this.#countMax)
    const last = Math.floor(window.edgeMs / cells.sliceMs)
    for (let slice = Math.floor(fromMs / cells.sliceMs); slice <= last; slice++) {
      const x = Math.round((slice * cells.sliceMs - window.leftMs) / window.msPerPixel)
      const width = Math.round(((slice + 1) * cells.sliceMs - window.leftMs) / window.msPerPixel) - x
      for (let row = 0; row < cells.rows; row++) {
        const count = cells.count(slice, row)
        if (count <= 0) continue
        const y = Math.round(surface.height * (1 - (row + 1) / cells.rows))
        const level = Math.min(HEAT_LEVELS - 1, Math.max(0, Math.round(Math.log1p(count) * perLevel)))
        context.fillStyle = frame.theme.heat[level]!
        context.fillRect(x, y, width, Math.round(surface.height * (1 - row / cells.rows)) - y)
      }
    }
  }

  paintCursor(surface: Surface, window: LiveWindow, frame: PaintFrame): void {
    paintCursor(surface, () => this.#projection, [], this.#model.presence, frame, window)
  }

  record(window: LiveWindow): void {
    this.output.paints++
    this.output.msPerPixel = window.msPerPixel
    this.output.range = { min: 2 ** this.#low, max: 2 ** this.#high }
  }

  /** Where the pointer is, from the bottom, as a part of the height; NaN when it is elsewhere. */
  point(heightRatio: number): void {
    this.#pointerHeight = heightRatio
  }

  /** What is under the pointer, in words. */
  describe(cursorMs: number): string | null {
    if (Number.isNaN(this.#pointerHeight)) return null
    const { cells } = this
    const row = Math.max(0, Math.min(cells.rows - 1, Math.floor(this.#pointerHeight * cells.rows)))
    const low = 2 ** (cells.bottom + row / cells.rowsPerOctave)
    const high = 2 ** (cells.bottom + (row + 1) / cells.rowsPerOctave)
    const count = cells.count(Math.floor(cursorMs / cells.sliceMs), row)
    return `${formatIn(low, this.scaled)}–${formatIn(high, this.scaled)} ${this.scaled.unit} · ${Math.round(count)} in ${formatDuration(cells.sliceMs)}`
  }

  #fitAxis(window: LiveWindow, nowMs: number): void {
    let low = Number.POSITIVE_INFINITY
    let high = Number.NEGATIVE_INFINITY
    const look = (histogram: HistogramColumn, fromMs: number, toMs: number) => {
      const end = histogram.indexFrom(toMs)
      for (let row = histogram.indexFrom(fromMs); row < end; row++) {
        const first = histogram.pairStarts[row]! + histogram.negativePairs[row]!
        const last = histogram.pairStarts[row]! + histogram.pairCounts[row]! - 1
        if (last < first) continue
        const width = 2 ** -histogram.scales[row]!
        low = Math.min(low, histogram.pairIndexes[first]! * width)
        high = Math.max(high, (histogram.pairIndexes[last]! + 1) * width)
      }
    }
    for (const { histogram, shiftMs } of this.#model.sources) look(histogram, window.leftMs - shiftMs(), window.edgeMs - shiftMs())
    const { history } = this.#model
    if (history !== undefined) look(history.rows, window.leftMs, Math.min(window.edgeMs, history.cutMs))
    if (low > high) return
    // Quarter octaves: the axis does not move with every new extreme.
    low = Math.floor(low * 2) / 2
    high = Math.max(low + 2, Math.ceil(high * 2) / 2)
    const grows = this.#empty || low < this.#low || high > this.#high
    const shrinks = high - low < (this.#high - this.#low) * 0.75
    if (!shrinks) this.#smallSinceMs = Number.NaN
    else if (Number.isNaN(this.#smallSinceMs)) this.#smallSinceMs = nowMs
    const shrink = shrinks && nowMs - this.#smallSinceMs > SHRINK_AFTER_MS
    if (!grows && !shrink) return
    this.#low = this.#empty || shrink ? low : Math.min(low, this.#low)
    this.#high = this.#empty || shrink ? high : Math.max(high, this.#high)
    this.#empty = false
    this.#smallSinceMs = Number.NaN
    this.#version++
  }

  /** The brightest colour stands for a round count, so that colours stay while counts vary. */
  #fitColour(window: LiveWindow): void {
    const max = this.cells.max(window.leftMs, window.edgeMs)
    const rounded = 2 ** Math.ceil(Math.log2(Math.max(2, max)))
    if (rounded === this.#countMax || (rounded < this.#countMax && max > this.#countMax / 3)) return
    this.#countMax = rounded
    this.#version++
  }
}

/** 1, 2 and 5 times the powers of ten within the axis, or only the powers, so that at most five are left. */
export function logTicks(low: number, high: number): number[] {
  for (const steps of [[1, 2, 5], [1, 3], [1]]) {
    const ticks: number[] = []
    for (let power = Math.floor(Math.log10(low)); power <= Math.ceil(Math.log10(high)); power++) {
      for (const step of steps) {
        const value = step * 10 ** power
        if (value >= low && value <= high) ticks.push(value)
      }
    }
    if (ticks.length <= TICKS_MAX || steps.length === 1) return ticks.length <= TICKS_MAX ? ticks : thinned(ticks)
  }
  return []
}

function thinned(ticks: number[]): number[] {
  const every = Math.ceil(ticks.length / TICKS_MAX)
  return ticks.filter((_, index) => index % every === 0)
}
