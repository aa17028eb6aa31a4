import { liveWindow } from './strip'
import type { Chart, PaintFrame } from './loop'
import type { ChartOutput } from './probe'
import { trace, type Projection } from './trace'
import { visibleRange } from './visible'
import type { Line } from './lineContent'

/** A sparkline is looked at, not read. The many of a table take turns, so that no frame draws them all. */
const REPAINT_EVERY_MS = 50
const TURNS = 3
let mounted = 0
const AREA_OPACITY = 0.12

/** A small line without axes, zero at the bottom. */
export class Sparkline implements Chart {
  readonly output: ChartOutput
  #line: Line | null = null
  #paintedMs = 0
  #invalid = true
  #visible = true
  #look = -1
  readonly #canvas: HTMLCanvasElement
  readonly #context: CanvasRenderingContext2D
  readonly #projection: Projection = { leftMs: 0, msPerPixel: 1, minValue: 0, pixelsPerUnit: 1, height: 0 }
  /** Part of the interval that the first repaint comes earlier: what was mounted together does not stay together. */
  readonly #head = REPAINT_EVERY_MS * (mounted++ % TURNS) / TURNS
  readonly #observer: IntersectionObserver | null

  constructor(name: string, canvas: HTMLCanvasElement) {
    const context = canvas.getContext('2d')
    if (context === null) throw new Error('Cannot draw charts: this browser gives no 2d canvas.')
    this.#canvas = canvas
    this.#context = context
    this.output = { name, canvas, paints: 0, range: { min: 0, max: 1 }, msPerPixel: Number.NaN, points: [] }
    this.#observer = typeof IntersectionObserver === 'undefined' ? null : new IntersectionObserver(entries => {
      this.#visible = entries.at(-1)?.isIntersecting ?? true
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
  }

  paint(frame: PaintFrame): boolean {
    const moved = frame.live && !frame.lost
    const look = frame.viewVersion + frame.themeVersion
    if (look !== this.#look) this.#invalid = true
    this.#look = look
    if (!this.#visible || (!this.#invalid && (!moved || frame.nowMs - this.#paintedMs < REPAINT_EVERY_MS))) return false
    const ratio = globalThis.devicePixelRatio || 1
    const canvas = this.#canvas
    const width = Math.round(canvas.clientWidth * ratio)
    const height = Math.round(canvas.clientHeight * ratio)
    if (canvas.width !== width || canvas.height !== height) {
      canvas.width = width
      canvas.height = height
    }
    if (width === 0 || height === 0) return false
    this.#paintedMs = frame.nowMs - (this.#invalid ? this.#head : 0)
    this.#invalid = false
    this.#draw(frame, width, height, ratio)
    this.output.paints++
    return true
  }

  #draw(frame: PaintFrame, width: number, height: number, ratio: number): void {
    const context = this.#context
    const line = this.#line
    context.clearRect(0, 0, width, height)
    if (line === null) return
    const window = liveWindow(frame.edgeMs, frame.spanMs, width)
    const visible = visibleRange([line], window.leftMs, window.edgeMs)
    if (visible === null) return
    const projection = this.#projection
    projection.leftMs = window.leftMs
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
  }
}
