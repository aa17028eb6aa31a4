import { paintGrid, paintRightLabels, paintTimeLines, timeTickStepMs } from './axes'
import type { ChartOutput, PaintFrame } from './chart'
import { paintCursor } from './cursor'
import type { Scaled } from './format'
import { Holes, type LineSource } from './holes'
import type { PlotContent } from './livePlot'
import { Newest } from './newest'
import { hatch, type LiveWindow } from './strip'
import type { Surface } from './surface'
import { trace, yOf, type Projection } from './trace'
import { ValueAxis } from './valueAxis'

export type Line = LineSource & {
  readonly label: string
  /** Index into the series colours of the theme. */
  readonly colour: number
  /** Drawn against the axis on the right. */
  readonly right?: boolean
}

export type LineModel = {
  readonly lines: readonly Line[]
  readonly unit: string
  /** Filled to zero, for a single series. */
  readonly area: boolean
  /** Of the lines on the right axis; without it there is no right axis. */
  readonly rightUnit?: string
}

/** Lines up to here are 1.5 px wide; more of them are thinner. */
const WIDE_LINES_MAX = 20
const AREA_OPACITY = 0.12
/** The end of a lost line that is greyed, in CSS pixels. */
const LOST_END_PX = 48

/** Lines over time, with a linear axis that begins at zero unless values are negative. */
export class LineContent implements PlotContent {
  #model: LineModel = { lines: [], unit: '', area: false }
  #modelVersion = 0
  readonly #left = new ValueAxis()
  readonly #right = new ValueAxis()
  readonly #holes = new Holes()
  readonly #newest: Newest
  readonly #projectionOf = (line: { readonly right?: boolean }): Projection => (line.right === true ? this.#right : this.#left).projection

  constructor(name: string, canvas: HTMLCanvasElement) {
    this.#newest = new Newest(name, canvas)
  }

  get version(): number {
    return this.#modelVersion + this.#left.version + this.#right.version
  }

  get output(): ChartOutput {
    return this.#newest.output
  }

  get model(): LineModel {
    return this.#model
  }

  /** The unit of the figures on the left axis. */
  get scaled(): Scaled {
    return this.#left.scaled
  }

  setModel(model: LineModel): void {
    this.#left.setLines(model.lines.filter(line => line.right !== true), model.unit, model.area)
    this.#right.setLines(model.lines.filter(line => line.right === true), model.rightUnit ?? '', false)
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
    this.#left.fit(surface, window, frame, dirtyMs, all)
    if (this.#hasRight) this.#right.fit(surface, window, frame, dirtyMs, all)
  }

  project(surface: Surface, window: LiveWindow): Projection {
    this.#right.project(surface, window)
    return this.#left.project(surface, window)
  }

  paintGrid(surface: Surface, frame: PaintFrame): void {
    paintGrid(surface, this.#left.projection, this.#left.ticks, this.#left.rescale(), frame.theme)
    if (this.#hasRight) paintRightLabels(surface, this.#right.projection, this.#right.ticks, this.#right.rescale(), frame.theme)
  }

  paintData(surface: Surface, fromMs: number, window: LiveWindow, frame: PaintFrame): void {
    const { context } = surface.data
    const { lines } = this.#model
    const stepMs = timeTickStepMs(surface.width / surface.ratio, frame.spanMs)
    const { originEpochMs, theme } = frame
    paintTimeLines(context, this.#left.projection, stepMs, fromMs - stepMs, window.edgeMs, originEpochMs, surface.ratio, theme.grid)
    this.#holes.find(lines, fromMs, window.edgeMs, frame.nowMs)
    this.#holes.paint(surface, window, hatch, frame.theme.hatch)
    context.lineJoin = 'round'
    context.lineWidth = (lines.length > WIDE_LINES_MAX ? 1 : 1.5) * surface.ratio
    for (const line of lines) this.#paintLine(context, line, fromMs, window.edgeMs, frame)
    if (frame.lost) this.#greyEnds(surface, window, frame)
  }

  paintCursor(surface: Surface, window: LiveWindow, frame: PaintFrame): void {
    const { lines } = this.#model
    paintCursor(surface, this.#projectionOf, lines, lines, frame, window)
  }

  record(window: LiveWindow, frame: PaintFrame): void {
    this.#newest.record(this.#model.lines, this.#projectionOf, window, this.#left.ticks.range, frame.originEpochMs)
  }

  get #hasRight(): boolean {
    return this.#model.rightUnit !== undefined
  }

  #paintLine(context: CanvasRenderingContext2D, line: Line, fromMs: number, toMs: number, frame: PaintFrame): void {
    const { theme } = frame
    const colour = theme.series[line.colour % theme.series.length] ?? theme.text
    const shiftMs = line.shiftMs()
    const projection = this.#projectionOf(line)
    if (this.#model.area) {
      context.fillStyle = colour
      context.globalAlpha = AREA_OPACITY
      context.beginPath()
      const baseline = yOf(projection, Math.max(0, projection.minValue))
      trace(context, line.column, projection, shiftMs, fromMs, toMs, baseline)
      context.fill()
      context.globalAlpha = 1
    }
    context.strokeStyle = colour
    context.beginPath()
    trace(context, line.column, projection, shiftMs, fromMs, toMs, Number.NaN)
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
      trace(context, line.column, this.#projectionOf(line), line.shiftMs(), startMs, window.edgeMs, Number.NaN)
      context.stroke()
    }
    context.restore()
  }
}
