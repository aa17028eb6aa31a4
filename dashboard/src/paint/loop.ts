import type { LiveStore } from '../store/liveStore'
import type { Chart, PaintFrame } from './chart'
import type { PaintTheme } from './theme'
import type { Viewport } from './viewport'

export type LoopOptions = {
  readonly store: LiveStore
  readonly viewport: Viewport
  readonly nowMs: () => number
  readonly originEpochMs: number
  readonly readTheme: () => PaintTheme
  readonly requestFrame: (callback: () => void) => void
  /** Runs once the picture of this frame has been handed to the screen. */
  readonly afterFrame: (callback: () => void) => void
  readonly acknowledge: (aggregator: number, tick: number, newestMs: number) => void
}

/** The clock of the right edge follows the estimate this slowly, unless it is far off: lines must not jump. */
const SLEW_PER_FRAME_MS = 0.05
const SLEW_STEP_MS = 250
const FPS_WINDOW = 256

/** The one animation loop of the page. */
export class PaintLoop {
  /** Off: frames arrive and nothing is drawn. Tests use it to prove that they look at the picture. */
  paintingEnabled = true
  paintedFrames = 0
  /** Script time of painted frames: sum and count, for measurements. */
  scriptMs = 0
  readonly charts = new Set<Chart>()
  /** Computed before the charts are painted: derived columns. */
  readonly derivations = new Set<() => void>()
  readonly frame: PaintFrame
  readonly #options: LoopOptions
  readonly #paintedAt = new Float64Array(FPS_WINDOW)
  readonly #afterFrame: () => void
  #offsetMs = Number.NaN
  #running = false
  #dirtyTheme = true

  constructor(options: LoopOptions) {
    this.#options = options
    this.frame = {
      nowMs: 0, edgeMs: 0, spanMs: options.viewport.spanMs, live: true, lost: false, cursorMs: null, cursorVersion: 0, viewVersion: 0,
      storeVersion: 0, theme: options.readTheme(), themeVersion: 0, originEpochMs: options.originEpochMs,
      events: options.store.gaps.gaps, eventAt: (timeMs, withinMs) => options.store.gaps.eventAt(timeMs, withinMs),
      gapReason: (fromMs, toMs) => options.store.gaps.reasonAt(fromMs, toMs),
    }
    this.#afterFrame = () => this.#painted()
  }

  add(chart: Chart): () => void {
    this.charts.add(chart)
    return () => this.charts.delete(chart)
  }

  start(): void {
    if (this.#running) return
    this.#running = true
    const step = () => {
      if (!this.#running) return
      this.#options.requestFrame(step)
      this.runFrame()
    }
    this.#options.requestFrame(step)
  }

  stop(): void {
    this.#running = false
  }

  /** The colours changed: they are read again before the next frame. */
  retheme(): void {
    this.#dirtyTheme = true
  }

  /** The right edge while live. */
  nowMs(): number {
    return this.#options.nowMs() + (Number.isNaN(this.#offsetMs) ? this.#options.store.offsetMs : this.#offsetMs)
  }

  /** Painted frames within the last second. */
  fps(): number {
    const sinceMs = this.#options.nowMs() - 1000
    let frames = 0
    for (const paintedMs of this.#paintedAt) {
      if (paintedMs > sinceMs) frames++
    }
    return frames
  }

  runFrame(): void {
    const startMs = this.#options.nowMs()
    const { store } = this.#options
    this.#prepare()
    for (const derive of this.derivations) derive()
    let painted = false
    if (this.paintingEnabled) {
      for (const chart of this.charts) painted = chart.paint(this.frame) || painted
    }
    store.settle()
    if (!painted) {
      // Paused, or nothing of what arrived is in view: it counts as seen all the same.
      store.ledger.discard()
      if (this.paintingEnabled) this.#acknowledge()
      return
    }
    this.#paintedAt[this.paintedFrames++ % FPS_WINDOW] = startMs
    this.scriptMs += this.#options.nowMs() - startMs
    this.#options.afterFrame(this.#afterFrame)
  }

  #prepare(): void {
    const { store, viewport, readTheme } = this.#options
    const { frame } = this
    this.#slew(store.offsetMs)
    if (this.#dirtyTheme) {
      frame.theme = readTheme()
      frame.themeVersion++
      this.#dirtyTheme = false
    }
    frame.nowMs = this.nowMs()
    frame.spanMs = viewport.spanMs
    frame.live = viewport.live
    frame.lost = store.aggregators.every(aggregator => aggregator.phase.kind === 'lost')
    frame.edgeMs = viewport.edgeMs(this.#liveEdgeMs(frame.lost))
    frame.cursorMs = viewport.cursorMs
    frame.cursorVersion = viewport.cursorVersion
    frame.viewVersion = viewport.version
    frame.storeVersion = store.shiftVersion + store.gaps.version
    frame.events = store.gaps.gaps
  }

  /** With every connection lost the last picture stays: it stops at the moment of the loss. */
  #liveEdgeMs(lost: boolean): number {
    if (!lost) return this.frame.nowMs
    let edgeMs = Number.NEGATIVE_INFINITY
    for (const { phase, offsetMs } of this.#options.store.aggregators) {
      if (phase.kind === 'lost') edgeMs = Math.max(edgeMs, phase.sinceMs + offsetMs)
    }
    return edgeMs
  }

  #slew(targetMs: number): void {
    const error = targetMs - this.#offsetMs
    if (Number.isNaN(error) || Math.abs(error) > SLEW_STEP_MS) this.#offsetMs = targetMs
    else this.#offsetMs += Math.max(-SLEW_PER_FRAME_MS, Math.min(SLEW_PER_FRAME_MS, error))
  }

  /** The picture is on screen: samples count as seen, and the aggregator may send more. */
  #painted(): void {
    const { store } = this.#options
    if (this.frame.live) store.ledger.painted(store.serverNowMs())
    else store.ledger.discard()
    this.#acknowledge()
  }

  #acknowledge(): void {
    const { store, acknowledge } = this.#options
    for (const aggregator of store.aggregators) {
      if (aggregator.tick === aggregator.ackedTick) continue
      aggregator.ackedTick = aggregator.tick
      acknowledge(aggregator.index, aggregator.tick, aggregator.newestMs)
    }
  }
}
