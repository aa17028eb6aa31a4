import { paintTimeLines, timeTickStepMs } from './axes'
import type { ChartOutput, PaintFrame } from './chart'
import { paintCursor } from './cursor'
import { scaleFor, formatIn, type Scaled } from './format'
import type { LineSource } from './holes'
import type { PlotContent } from './livePlot'
import type { LiveWindow } from './strip'
import type { Surface } from './surface'
import { HEAT_LEVELS } from './theme'
import type { Projection } from './trace'
import { WallCells } from './wallCells'

export type WallRow = LineSource & { readonly label: string, readonly service: string }
export type WallModel = { readonly rows: readonly WallRow[], readonly unit: string }

const SLICE_MIN_PX = 3
const SLICES_MS = [20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000, 60_000, 120_000, 300_000]
/** The height of a row while there is room, in CSS pixels. */
export const ROW_MAX_PX = 24
const ROW_LINE_MIN_PX = 6

/** Thousands of series at once: a row each (or the highest of several), a column for each slice of time, the value as colour. */
export class WallContent implements PlotContent {
  readonly output: ChartOutput
  scaled: Scaled = { factor: 1, unit: '' }
  readonly cells = new WallCells()
  #model: WallModel = { rows: [], unit: '' }
  #version = 0
  #max = 1
  #palette = new Uint32Array(HEAT_LEVELS)
  #paletteTheme = -1
  #image: ImageData | null = null
  #pointer = Number.NaN
  #rowPx = 1
  readonly #projection: Projection = { leftMs: 0, msPerPixel: 1, minValue: 0, pixelsPerUnit: 1, height: 0 }

  constructor(name: string, canvas: HTMLCanvasElement) {
    this.output = { name, canvas, paints: 0, range: { min: 0, max: 1 }, msPerPixel: Number.NaN, points: [] }
  }

  get version(): number {
    return this.#version
  }

  /** What the brightest colour stands for. */
  get max(): number {
    return this.#max
  }

  setModel(model: WallModel): void {
    this.#model = model
    this.scaled = scaleFor(model.unit, this.#max)
    this.#version++
  }

  dirtyFromMs(): number {
    let dirtyMs = Number.POSITIVE_INFINITY
    for (const { column, shiftMs } of this.#model.rows) {
      if (column.dirtyFromMs !== Number.POSITIVE_INFINITY) dirtyMs = Math.min(dirtyMs, column.dirtyFromMs + shiftMs())
    }
    return Number.isFinite(dirtyMs) ? Math.floor(dirtyMs / this.cells.sliceMs) * this.cells.sliceMs : dirtyMs
  }

  newestMs(): number {
    let newestMs = Number.NEGATIVE_INFINITY
    for (const { column, shiftMs } of this.#model.rows) {
      if (column.count > 0) newestMs = Math.max(newestMs, column.newestMs + shiftMs())
    }
    return newestMs
  }

  holeAtEdge(): boolean {
    return false
  }

  fit(surface: Surface, window: LiveWindow, _frame: PaintFrame, dirtyMs: number, all: boolean): void {
    const count = Math.max(1, this.#model.rows.length)
    const rowPx = Math.min(ROW_MAX_PX * surface.ratio, surface.height / count)
    const sliceMs = SLICES_MS.find(ms => ms >= SLICE_MIN_PX * surface.ratio * window.msPerPixel) ?? SLICES_MS.at(-1)!
    if (rowPx !== this.#rowPx || sliceMs !== this.cells.sliceMs) this.#version++
    this.#rowPx = rowPx
    this.cells.configure(sliceMs, rowPx < 1 ? surface.height : count)
    const highest = this.cells.highest(this.#model.rows, all ? window.leftMs : Math.max(window.leftMs, dirtyMs), window.edgeMs)
    // A round number, so that colours stay while values vary.
    const rounded = highest > 0 ? roundUp(highest) : 1
    if (rounded > this.#max || (all && rounded < this.#max && highest < this.#max / 3)) {
      this.#max = rounded
      this.scaled = scaleFor(this.#model.unit, rounded)
      this.#version++
    }
  }

  project(surface: Surface, window: LiveWindow): Projection {
    this.#projection.leftMs = window.leftMs
    this.#projection.msPerPixel = window.msPerPixel
    this.#projection.height = surface.height
    return this.#projection
  }

  paintGrid(surface: Surface, frame: PaintFrame): void {
    const { context, canvas } = surface.grid
    context.clearRect(0, 0, canvas.width, canvas.height)
    context.fillStyle = frame.theme.line
    const bottom = Math.round(this.#rowPx * this.#model.rows.length)
    context.fillRect(surface.gutter, bottom, surface.width, Math.max(1, Math.round(surface.ratio)))
    if (this.#paletteTheme === frame.themeVersion) return
    this.#paletteTheme = frame.themeVersion
    this.#palette = paletteOf(frame.theme.heat)
  }

  paintData(surface: Surface, fromMs: number, window: LiveWindow, frame: PaintFrame): void {
    const { context } = surface.data
    const { cells } = this
    const { rows } = this.#model
    if (rows.length === 0) return
    // One slice more: the middle of the first pixel may lie in the slice before.
    cells.fill(rows, fromMs - cells.sliceMs, window.edgeMs, frame.nowMs)
    const left = Math.max(0, Math.round(((cells.firstSlice + 1) * cells.sliceMs - window.leftMs) / window.msPerPixel))
    const width = surface.width - left
    const height = Math.min(surface.height, Math.max(1, Math.round(this.#rowPx * rows.length)))
    if (width <= 0) return
    if (this.#image?.width !== width || this.#image.height !== height) this.#image = new ImageData(width, height)
    this.#paintCells(new Uint32Array(this.#image.data.buffer), left, width, height, window, surface.ratio)
    context.putImageData(this.#image, left, 0)
    const stepMs = timeTickStepMs(surface.width / surface.ratio, frame.spanMs)
    paintTimeLines(context, this.#projection, stepMs, fromMs - stepMs, window.edgeMs, frame.originEpochMs, surface.ratio, frame.theme.grid)
  }

  paintCursor(surface: Surface, window: LiveWindow, frame: PaintFrame): void {
    paintCursor(surface, () => this.#projection, [], [], frame, window)
    const row = this.#rowUnder()
    if (row === -1 || frame.cursorMs === null) return
    const { context } = surface.cursor
    context.strokeStyle = frame.theme.text
    context.lineWidth = surface.ratio
    context.strokeRect(surface.gutter, row * this.#rowPx, surface.width, Math.max(2 * surface.ratio, this.#rowPx))
  }

  record(window: LiveWindow): void {
    this.output.paints++
    this.output.msPerPixel = window.msPerPixel
    this.output.range = { min: 0, max: this.#max }
  }

  /** Where the pointer is, from the bottom, as a part of the height; NaN when it is elsewhere. */
  point(heightRatio: number): void {
    this.#pointer = heightRatio
  }

  /** The row under the pointer. */
  under(): WallRow | null {
    return this.#model.rows[this.#rowUnder()] ?? null
  }

  /** What is under the pointer, in words. */
  describe(timeMs: number): string | null {
    const row = this.under()
    if (row === null) return null
    const at = row.column.indexFrom(timeMs - row.shiftMs() + 1e-6) - 1
    const value = at >= row.column.start && row.column.holdsAt(at, timeMs - row.shiftMs()) ? row.column.values[at]! : Number.NaN
    return `${row.label} · ${formatIn(value, this.scaled)} ${this.scaled.unit}`
  }

  #rowUnder(): number {
    if (Number.isNaN(this.#pointer)) return -1
    const row = Math.floor((1 - this.#pointer) * this.output.canvas.height / this.#rowPx)
    return row >= 0 && row < this.#model.rows.length ? row : -1
  }

  #paintCells(pixels: Uint32Array, left: number, width: number, height: number, window: LiveWindow, ratio: number): void {
    const { cells } = this
    const perLevel = (HEAT_LEVELS - 1) / this.#max
    const gap = this.#rowPx >= ROW_LINE_MIN_PX * ratio ? Math.round(ratio) : 0
    for (let y = 0; y < height; y++) {
      const row = Math.min(cells.rows - 1, Math.floor(this.#rowPx < 1 ? y : y / this.#rowPx))
      // A thin line between rows that are high enough to be distinguished.
      const isGap = gap > 0 && y - Math.floor(row * this.#rowPx) < gap
      for (let x = 0; x < width; x++) {
        const slice = Math.floor((window.leftMs + (left + x + 0.5) * window.msPerPixel) / cells.sliceMs)
        const value = isGap ? Number.NaN : cells.value(slice, row)
        const level = Math.max(0, Math.min(HEAT_LEVELS - 1, Math.round(value * perLevel)))
        pixels[y * width + x] = Number.isNaN(level) ? 0 : this.#palette[level]!
      }
    }
  }
}

/** 1, 2 or 5 times a power of ten. */
function roundUp(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value))
  return [1, 2, 5, 10].map(step => step * power).find(step => step >= value * (1 - 1e-9)) ?? value
}

/** Colours as the pixels of an image hold them. */
function paletteOf(colours: readonly string[]): Uint32Array<ArrayBuffer> {
  const palette = new Uint32Array(HEAT_LEVELS)
  const bytes = new Uint8Array(palette.buffer)
  for (const [level, colour] of colours.entries()) {
    const [red = 0, green = 0, blue = 0] = (colour.match(/\d+/g) ?? []).map(Number)
    bytes.set([red, green, blue, 255], level * 4)
  }
  return palette
}
