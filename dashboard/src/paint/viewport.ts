export const SPAN_MIN_MS = 1000
export const SPAN_MAX_MS = 86_400_000
/** How far back the page can be scrolled: as far as aggregators may keep their history. */
const PAST_MAX_MS = 7 * 86_400_000
/** Closer to now than this part of the window counts as live again. */
const LIVE_SNAP = 0.005

/**
 * Which stretch of time all charts show, and the one instant of the crosshair. Live: the right edge is now. Frozen: it
 * stays where it is while data go on arriving.
 */
export class Viewport {
  spanMs = 30_000
  /** The right edge while frozen; null while live. */
  frozenEdgeMs: number | null = null
  cursorMs: number | null = null
  /** Grows when the picture must be drawn again. */
  version = 0
  cursorVersion = 0
  /** How far back anything may be known. */
  retentionMs = PAST_MAX_MS
  /** Called after a change that a person made. */
  onChange: () => void = () => undefined

  get live(): boolean {
    return this.frozenEdgeMs === null
  }

  edgeMs(nowMs: number): number {
    return this.frozenEdgeMs ?? nowMs
  }

  setSpan(spanMs: number): void {
    this.spanMs = Math.min(SPAN_MAX_MS, Math.max(SPAN_MIN_MS, spanMs))
    this.#changed()
  }

  pause(nowMs: number): void {
    if (this.frozenEdgeMs !== null) return
    this.frozenEdgeMs = nowMs
    this.#changed()
  }

  resume(): void {
    if (this.frozenEdgeMs === null) return
    this.frozenEdgeMs = null
    this.#changed()
  }

  /** Into the past with negative values. */
  pan(byMs: number, nowMs: number): void {
    this.#moveEdge(this.edgeMs(nowMs) + byMs, nowMs)
  }

  /** `factor` below 1 shows less time. The instant under the pointer stays under it. */
  zoom(factor: number, anchorMs: number, nowMs: number): void {
    const spanMs = Math.min(SPAN_MAX_MS, Math.max(SPAN_MIN_MS, this.spanMs * factor))
    const edgeMs = anchorMs + (this.edgeMs(nowMs) - anchorMs) * (spanMs / this.spanMs)
    this.spanMs = spanMs
    this.#moveEdge(edgeMs, nowMs)
  }

  show(edgeMs: number | null): void {
    this.frozenEdgeMs = edgeMs
    this.#changed()
  }

  setCursor(cursorMs: number | null): void {
    if (cursorMs === this.cursorMs) return
    this.cursorMs = cursorMs
    this.cursorVersion++
  }

  #moveEdge(edgeMs: number, nowMs: number): void {
    const oldest = nowMs - this.retentionMs + this.spanMs * 0.2
    const snapped = edgeMs >= nowMs - this.spanMs * LIVE_SNAP
    this.frozenEdgeMs = snapped ? null : Math.max(Math.min(oldest, nowMs), edgeMs)
    this.#changed()
  }

  #changed(): void {
    this.version++
    this.onChange()
  }
}
