/** One canvas per rate of change: the grid changes with the scale, the data with each frame, the cursor with the pointer. */
export type PlotCanvases = {
  readonly grid: HTMLCanvasElement
  readonly data: HTMLCanvasElement
  readonly time: HTMLCanvasElement
  readonly cursor: HTMLCanvasElement
}

export type Layer = { readonly canvas: HTMLCanvasElement, readonly context: CanvasRenderingContext2D }

/** The canvases of one plot at the size of the screen's own pixels. */
export class Surface {
  readonly grid: Layer
  readonly data: Layer
  readonly time: Layer
  readonly cursor: Layer
  ratio = 1
  /** Of the data canvas, in device pixels. */
  width = 0
  height = 0
  /** Grows with each resize; a resized canvas is empty. */
  version = 0
  #left = 0
  readonly #observer: ResizeObserver | null

  constructor(canvases: PlotCanvases) {
    this.grid = layer(canvases.grid)
    this.data = layer(canvases.data)
    this.time = layer(canvases.time)
    this.cursor = layer(canvases.cursor)
    this.#observer = typeof ResizeObserver === 'undefined' ? null : new ResizeObserver(() => this.measure())
    this.#observer?.observe(canvases.data)
    this.measure()
  }

  /** Left of the data canvas in the grid canvas, in device pixels: the gutter of the axis. */
  get gutter(): number {
    return Math.max(0, this.#left)
  }

  measure(): void {
    this.ratio = globalThis.devicePixelRatio || 1
    let changed = false
    for (const { canvas } of [this.grid, this.data, this.time, this.cursor]) {
      const width = Math.round(canvas.clientWidth * this.ratio)
      const height = Math.round(canvas.clientHeight * this.ratio)
      if (canvas.width === width && canvas.height === height) continue
      canvas.width = width
      canvas.height = height
      changed = true
    }
    // Right of the data there may be a second axis.
    const left = this.data.canvas.offsetLeft - this.grid.canvas.offsetLeft
    this.#left = Number.isNaN(left) ? this.grid.canvas.width - this.data.canvas.width : Math.round(left * this.ratio)
    // The canvases may have their size from a painter before this one.
    if (!changed && this.width === this.data.canvas.width && this.height === this.data.canvas.height) return
    this.width = this.data.canvas.width
    this.height = this.data.canvas.height
    this.version++
  }

  dispose(): void {
    this.#observer?.disconnect()
  }
}

function layer(canvas: HTMLCanvasElement): Layer {
  const context = canvas.getContext('2d')
  if (context === null) throw new Error('Cannot draw charts: this browser gives no 2d canvas.')
  return { canvas, context }
}
