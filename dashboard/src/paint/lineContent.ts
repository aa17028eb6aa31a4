import { paintGrid, paintTimeLines, timeTickStepMs } from './axes'
import { paintCursor } from './cursor'
import { scaleFor, type Scaled } from './format'
import { Holes, type LineSource } from './holes'
import type { PlotContent } from './livePlot'
import type { PaintFrame } from './loop'
import { Newest, type ChartOutput } from './probe'
import { StickyRange } from './scale'
import { hatch, type LiveWindow } from './strip'
import type { Surface } from './surface'
import { trace, yOf, type Projection } from './trace'
import { visibleRange } from './visible'

export type Line = LineSource & {
  readonly label: string
  /** Index into the series colours of the theme. */
  readonly colour: number
}

export type LineModel = {
  readonly lines: readonly Line[]
  readonly unit: string
  /** Filled to zero, for a single series. */
  readonly area: boolean
}

/** Lines up to here are 1.5 px wide; more of them are thinner. */
const WIDE_LINES_MAX = 20
const AREA_OPACITY = 0.12
const HEADROOM = 1.04
/** The end of a lost line that is greyed, in CSS pixels. */
const LOST_END_PX = 48
const INTERVAL_MIN_PX = 32
const INTERVALS_MAX = 4

/** Lines over time, with a linear axis that begins at zero unless values are negative. */
export class LineContent implements PlotContent {
  scaled: Scaled = { factor: 1, unit: '' }
  #model: LineModel = { lines: [], unit: '', area: false }
  #modelVersion = 0
  readonly #range = new StickyRange()
  readonly #holes = new Holes()
  readonly #newest: Newest
  readonly #projection: Projection = { leftMs: 0, msPerPixel: 1, minValue: 0, pixelsPerUnit: 1, height: 0 }

  constructor(name: string, canvas: HTMLCanvasElement) {
    this.#newest = new Newest(name, canvas)
  }

  get version(): number {
    return this.#modelVersion + this.#range.version
  }

  get output(): ChartOutput {
    return this.#newest.output
  }

  get model(): LineModel {
    return this.#model
  }

  setModel(model: LineModel): void {
    if (model.unit !== this.#model.unit) this.#range.reset()
    this.#model = model
    this.#modelVersion++
    this.#newest.setLines(model.lines)
  }

  dirtyFromMs(): number {
    let dirtyMs = Number.POSITIVE_INFINITY
    for (const line of this.#model.lines) {
      if (line.column.dirtyFromMs !== Number.POSITIVE_INFINITY) dirtyMs = Math.min(dirtyMs, line.column.dirtyFromMs + line.shiftMs())
    }
    return dirtyMs
  }

  newestMs(): number {
    let newestMs = Number.NEGATIVE_INFINITY
    for (const line of this.#model.lines) {
      if (line.column.count > 0) newestMs = Math.max(newestMs, line.column.newestMs + line.shiftMs())
    }
    return newestMs
  }

  holeAtEdge(window: LiveWindow, frame: PaintFrame): boolean {
    let some = false
    for (const { column, shiftMs } of this.#model.lines) {
      if (column.count === 0) continue
      some = true
      if (Math.min(frame.nowMs, window.edgeMs) - column.newestMs - shiftMs() <= column.gapMs) return false
    }
    return some
  }

  fit(surface: Surface, window: LiveWindow, frame: PaintFrame, dirtyMs: number, all: boolean): void {
    const visible = visibleRange(this.#model.lines, all ? window.leftMs : Math.max(window.leftMs, dirtyMs), window.edgeMs)
    if (visible === null) return
    const { range } = this.#range.ticks
    const low = visible.min >= 0 ? 0 : visible.min
    const high = visible.max > 0 ? visible.max * HEADROOM : this.#model.area ? 0 : visible.max
    const intervals = Math.max(1, Math.min(INTERVALS_MAX, Math.floor(surface.height / surface.ratio / INTERVAL_MIN_PX)))
    if (all) {
      this.#range.fit(low, high, frame.nowMs, intervals)
    } else if (high > range.max || low < range.min) {
      this.#range.fit(Math.min(low, range.min), Math.max(high, range.max), frame.nowMs, intervals)
    }
  }

  project(surface: Surface, window: LiveWindow): Projection {
    const projection = this.#projection
    const { range } = this.#range.ticks
    projection.leftMs = window.leftMs
    projection.msPerPixel = window.msPerPixel
    projection.minValue = range.min
    // The grid's bottom line, and the upper half of a line's width, stay inside.
    projection.height = surface.height - surface.ratio
    projection.pixelsPerUnit = (surface.height - 3 * surface.ratio) / (range.max - range.min)
    return projection
  }

  paintGrid(surface: Surface, frame: PaintFrame): void {
    const { ticks } = this.#range
    this.scaled = scaleFor(this.#model.unit, Math.max(Math.abs(ticks.range.max), Math.abs(ticks.range.min)))
    paintGrid(surface, this.#projection, ticks, this.scaled, frame.theme)
  }

  paintData(surface: Surface, fromMs: number, window: LiveWindow, frame: PaintFrame): void {
    const { context } = surface.data
    const { lines } = this.#model
    const stepMs = timeTickStepMs(surface.width / surface.ratio, frame.spanMs)
    paintTimeLines(context, this.#projection, stepMs, fromMs - stepMs, window.edgeMs, surface.ratio, frame.theme.grid)
    this.#holes.find(lines, fromMs, window.edgeMs, frame.nowMs)
    this.#holes.paint(surface, window, hatch, frame.theme.hatch)
    context.lineJoin = 'round'
    context.lineWidth = (lines.length > WIDE_LINES_MAX ? 1 : 1.5) * surface.ratio
    for (const line of lines) this.#paintLine(context, line, fromMs, window.edgeMs, frame)
    if (frame.lost) this.#greyEnds(surface, window, frame)
  }

  paintCursor(surface: Surface, window: LiveWindow, frame: PaintFrame): void {
    const { lines } = this.#model
    paintCursor(surface, this.#projection, lines, lines, frame, window)
  }

  record(window: LiveWindow, frame: PaintFrame): void {
    this.#newest.record(this.#model.lines, this.#projection, window, this.#range.ticks.range, frame.originEpochMs)
  }

  #paintLine(context: CanvasRenderingContext2D, line: Line, fromMs: number, toMs: number, frame: PaintFrame): void {
    const { theme } = frame
    const colour = theme.series[line.colour % theme.series.length] ?? theme.text
    const shiftMs = line.shiftMs()
    if (this.#model.area) {
      context.fillStyle = colour
      context.globalAlpha = AREA_OPACITY
      context.beginPath()
      const baseline = yOf(this.#projection, Math.max(0, this.#projection.minValue))
      trace(context, line.column, this.#projection, shiftMs, fromMs, toMs, baseline)
      context.fill()
      context.globalAlpha = 1
    }
    context.strokeStyle = colour
    context.beginPath()
    trace(context, line.column, this.#projection, shiftMs, fromMs, toMs, Number.NaN)
    context.stroke()
  }

  #greyEnds(surface: Surface, window: LiveWindow, frame: PaintFrame): void {
    const { context } = surface.data
    const endMs = this.newestMs()
    const startMs = endMs - LOST_END_PX * surface.ratio * window.msPerPixel
    if (!(endMs > window.leftMs)) return
    const startX = (startMs - window.leftMs) / window.msPerPixel
    context.save()
    context.beginPath()
    context.rect(startX, 0, surface.width - startX, surface.height)
    context.clip()
    context.strokeStyle = frame.theme.textFaint
    for (const line of this.#model.lines) {
      context.beginPath()
      trace(context, line.column, this.#projection, line.shiftMs(), startMs, window.edgeMs, Number.NaN)
      context.stroke()
    }
    context.restore()
  }
}
