import { paintTimeLabels } from './axes'
import type { Chart, ChartOutput, PaintFrame } from './chart'
import { paintEvents } from './events'
import { beginStrip, liveWindow, shiftLeft, stripLeft, type LiveWindow } from './strip'
import { Surface, type PlotCanvases } from './surface'
import type { Projection } from './trace'

/** What differs between kinds of charts: lines, heat map, wall. */
export type PlotContent = {
  /** Grows when the model or the scale changes: everything is drawn again then. */
  readonly version: number
  readonly output: ChartOutput
  /** Everything before this time is as it was in the last frame. */
  dirtyFromMs(): number
  /** The newest row of all; -Infinity when there is none. */
  newestMs(): number
  /** True while the right end is a hole that grows with time. */
  holeAtEdge(window: LiveWindow, frame: PaintFrame): boolean
  /** Fits the scale to the data. `all`: look at the whole window, not only at what is new. */
  fit(surface: Surface, window: LiveWindow, frame: PaintFrame, dirtyMs: number, all: boolean): void
  project(surface: Surface, window: LiveWindow): Projection
  paintGrid(surface: Surface, frame: PaintFrame): void
  /** Draws [fromMs, window.edgeMs]; the context is clipped to it and cleared. */
  paintData(surface: Surface, fromMs: number, window: LiveWindow, frame: PaintFrame): void
  paintCursor(surface: Surface, window: LiveWindow, frame: PaintFrame): void
  record(window: LiveWindow, frame: PaintFrame): void
}

const FIT_EVERY_MS = 250

/** One chart. Live, it shifts its picture and draws only what is new; after any other change it draws everything. */
export class LivePlot implements Chart {
  readonly surface: Surface
  readonly content: PlotContent
  #window: LiveWindow = { msPerPixel: 0, edgeColumn: 0, leftMs: 0, edgeMs: 0 }
  #whole = true
  #drawn = { content: -1, surface: -1, theme: -1, view: -1, store: -1, cursor: -1, lost: false, hole: false }
  #fittedMs = Number.NEGATIVE_INFINITY

  constructor(canvases: PlotCanvases, content: PlotContent) {
    this.surface = new Surface(canvases)
    this.content = content
  }

  get output(): ChartOutput {
    return this.content.output
  }

  /** What the canvases show now. */
  get window(): LiveWindow {
    return this.#window
  }

  invalidate(): void {
    this.#whole = true
  }

  dispose(): void {
    this.surface.dispose()
  }

  paint(frame: PaintFrame): boolean {
    const { surface, content } = this
    if (surface.width === 0 || surface.height === 0) return false
    const window = liveWindow(frame.edgeMs, frame.spanMs, surface.width)
    const dirtyMs = content.dirtyFromMs()
    const columns = window.edgeColumn - this.#window.edgeColumn
    const moved = columns < 0 || columns > surface.width || window.msPerPixel !== this.#window.msPerPixel
    const outdated = this.#outdated(frame)
    this.#fit(window, frame, dirtyMs, outdated || moved)
    const projection = content.project(surface, window)
    const rescaled = outdated || content.version !== this.#drawn.content
    if (rescaled) content.paintGrid(surface, frame)
    const hole = content.holeAtEdge(window, frame)
    const left = rescaled || moved ? 0 : this.#newFrom(projection, columns, dirtyMs, window, hole)
    if (!rescaled && !moved && columns > 0) shiftLeft(surface.data.context, surface.data.canvas, columns)
    if (left < surface.width) this.#paintFrom(left, window, frame)
    if (rescaled || columns !== 0) paintTimeLabels(surface, projection, window.edgeMs, frame.originEpochMs, frame.theme)
    const painted = left < surface.width || columns !== 0
    if (painted) content.record(window, frame)
    this.#window = window
    this.#remember(frame, hole)
    return this.#paintCursor(window, frame, painted) || painted
  }

  #outdated(frame: PaintFrame): boolean {
    const drawn = this.#drawn
    return this.#whole || drawn.surface !== this.surface.version || drawn.theme !== frame.themeVersion || drawn.view !== frame.viewVersion
      || drawn.store !== frame.storeVersion || drawn.lost !== frame.lost
  }

  #remember(frame: PaintFrame, hole: boolean): void {
    const drawn = this.#drawn
    this.#whole = false
    drawn.content = this.content.version
    drawn.surface = this.surface.version
    drawn.theme = frame.themeVersion
    drawn.view = frame.viewVersion
    drawn.store = frame.storeVersion
    drawn.lost = frame.lost
    drawn.hole = hole
  }

  /** The scale follows at once what is new, and looks at the whole window a few times a second. */
  #fit(window: LiveWindow, frame: PaintFrame, dirtyMs: number, all: boolean): void {
    const due = frame.nowMs - this.#fittedMs > FIT_EVERY_MS || frame.nowMs < this.#fittedMs
    if (!all && !due && dirtyMs === Number.POSITIVE_INFINITY) return
    if (all || due) this.#fittedMs = frame.nowMs
    this.content.fit(this.surface, window, frame, dirtyMs, all || due)
  }

  #newFrom(projection: Projection, columns: number, dirtyMs: number, window: LiveWindow, hole: boolean): number {
    const { surface, content } = this
    // The hatching of a hole begins at the line's end, and so does what covers it when the line goes on.
    const changedMs = hole === this.#drawn.hole ? dirtyMs : Math.min(dirtyMs, content.newestMs())
    return stripLeft(projection, surface.width, columns, changedMs > window.edgeMs ? Number.POSITIVE_INFINITY : changedMs)
  }

  #paintFrom(left: number, window: LiveWindow, frame: PaintFrame): void {
    const { context } = this.surface.data
    beginStrip(context, left, this.surface.width, this.surface.height)
    const fromMs = window.leftMs + left * window.msPerPixel
    this.content.paintData(this.surface, fromMs, window, frame)
    paintEvents(this.surface, fromMs, window, frame)
    context.restore()
  }

  #paintCursor(window: LiveWindow, frame: PaintFrame, moved: boolean): boolean {
    const drawn = this.#drawn
    if (drawn.cursor === frame.cursorVersion && !(moved && frame.cursorMs !== null)) return false
    drawn.cursor = frame.cursorVersion
    this.content.paintCursor(this.surface, window, frame)
    return true
  }
}
