import type { Chart, ChartOutput, PaintFrame } from './chart'
import { liveWindow } from './strip'
import { trace, type Projection } from './trace'
import { visibleRange } from './visible'
import type { Line } from './lineContent'

/** With more than this many in view sparklines take turns, so that no frame draws them all. */
const IN_VIEW_EACH_FRAME = 8
/** The sum of their widths drawn in one frame: a wide one costs as much as several narrow ones. */
const PIXELS_EACH_FRAME = 600
const TURNS_MAX = 3
let mounted = 0
let inView = 0
let pixelsInView = 0
/** Rows closer than this many to a pixel are drawn as columns of pixels, which must not change from frame to frame. */
const DENSE_ROWS_PER_PIXEL = 3
const AREA_OPACITY = 0.12

/** A small line without axes, zero at the bottom. */
export class Sparkline implements Chart {
  readonly output: ChartOutput
  #line: Line | null = null
  #invalid = true
  #visible = true
  #width = 0
  /** What the canvas shows. */
  readonly #drawn = { edgeColumn: Number.NaN, version: -1 }
  #frames = 0
  #look = -1
  readonly #canvas: HTMLCanvasElement
  readonly #context: CanvasRenderingContext2D
  readonly #projection: Projection = { leftMs: 0, msPerPixel: 1, minValue: 0, pixelsPerUnit: 1, height: 0 }
  readonly #place = mounted++
  readonly #observer: IntersectionObserver | null

  constructor(name: string, canvas: HTMLCanvasElement) {
    const context = canvas.getContext('2d')
    if (context === null) throw new Error('Cannot draw charts: this browser gives no 2d canvas.')
    this.#canvas = canvas
    this.#context = context
    inView++
    this.output = { name, canvas, paints: 0, range: { min: 0, max: 1 }, msPerPixel: Number.NaN, points: [] }
    this.#observer = typeof IntersectionObserver === 'undefined' ? null : new IntersectionObserver(entries => {
      this.#see(entries.at(-1)?.isIntersecting ?? true)
    })
    this.#observer?.observe(canvas)
  }

  setLine(line: Line | null): void {
    this.#line = line
    this.#invalid = true
  }

  invalidate(): void {
    this.#invalid = true
  }

  dispose(): void {
    this.#observer?.disconnect()
    this.#see(false)
  }

  #see(visible: boolean): void {
    if (visible !== this.#visible) {
      inView += visible ? 1 : -1
      pixelsInView += visible ? this.#width : -this.#width
    }
    this.#visible = visible
  }

  paint(frame: PaintFrame): boolean {
    const moved = frame.live && !frame.lost
    const look = frame.viewVersion + frame.themeVersion
    if (look !== this.#look) this.#invalid = true
    this.#look = look
    const turns = Math.max(1, Math.min(TURNS_MAX, Math.ceil(Math.max(inView / IN_VIEW_EACH_FRAME, pixelsInView / PIXELS_EACH_FRAME))))
    const hasTurn = (this.#frames++ + this.#place) % turns === 0
    // While the picture stands still, its history is drawn as it arrives.
    const isFilled = !moved && this.#line !== null && this.#line.column.dirtyFromMs + this.#line.shiftMs() < frame.edgeMs
    if (!this.#visible || !(this.#invalid || isFilled || (moved && hasTurn))) return false
    const ratio = globalThis.devicePixelRatio || 1
    const canvas = this.#canvas
    const width = Math.round(canvas.clientWidth * ratio)
    const height = Math.round(canvas.clientHeight * ratio)
    pixelsInView += width - this.#width
    this.#width = width
    if (canvas.width !== width || canvas.height !== height) {
      canvas.width = width
      canvas.height = height
      this.#invalid = true
    }
    if (width === 0 || height === 0) return false
    const painted = this.#draw(frame, width, height, ratio)
    this.#invalid = false
    if (painted) this.output.paints++
    return painted
  }

  /** False when the picture would be the same. */
  #draw(frame: PaintFrame, width: number, height: number, ratio: number): boolean {
    const context = this.#context
    const line = this.#line
    const window = liveWindow(frame.edgeMs, frame.spanMs, width)
    const dense = line === null || line.column.intervalMs * DENSE_ROWS_PER_PIXEL < window.msPerPixel
    const version = line?.column.version ?? 0
    if (!this.#invalid && dense && this.#drawn.edgeColumn === window.edgeColumn && this.#drawn.version === version) return false
    this.#drawn.edgeColumn = window.edgeColumn
    this.#drawn.version = version
    context.clearRect(0, 0, width, height)
    if (line === null) return true
    const visible = visibleRange([line], window.leftMs, window.edgeMs)
    if (visible === null) return true
    const projection = this.#projection
    // Drawn whole each time, so it can move by parts of a pixel.
    projection.leftMs = dense ? window.leftMs : frame.edgeMs - frame.spanMs
    projection.msPerPixel = window.msPerPixel
    projection.minValue = Math.min(0, visible.min)
    projection.height = height - ratio
    const range = Math.max(visible.max, 0) - projection.minValue
    projection.pixelsPerUnit = (height - 3 * ratio) / (range > 0 ? range : 1)
    const colour = frame.theme.series[line.colour % frame.theme.series.length] ?? frame.theme.text
    const shiftMs = line.shiftMs()
    context.fillStyle = colour
    context.globalAlpha = AREA_OPACITY
    context.beginPath()
    trace(context, line.column, projection, shiftMs, window.leftMs, window.edgeMs, projection.height)
    context.fill()
    context.globalAlpha = 1
    context.strokeStyle = colour
    context.lineWidth = ratio
    context.lineJoin = 'round'
    context.beginPath()
    trace(context, line.column, projection, shiftMs, window.leftMs, window.edgeMs, Number.NaN)
    context.stroke()
    return true
  }
}
