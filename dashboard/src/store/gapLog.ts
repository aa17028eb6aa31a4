export const GAPS_MAX = 256

export type Gap = { readonly aggregator: number, readonly fromMs: number, toMs: number, readonly reason: string }

/** Times of which the page knows why nothing was drawn. Bounded: the oldest are forgotten. */
export class GapLog {
  #gaps: Gap[] = []
  /** Grows with each change. */
  version = 0

  get gaps(): readonly Gap[] {
    return this.#gaps
  }

  open(aggregator: number, fromMs: number, reason: string): void {
    const gap = this.#last(aggregator)
    if (gap?.toMs === Number.POSITIVE_INFINITY) return
    this.add(aggregator, fromMs, Number.POSITIVE_INFINITY, reason)
  }

  close(aggregator: number, toMs: number): void {
    const gap = this.#last(aggregator)
    if (gap?.toMs !== Number.POSITIVE_INFINITY) return
    gap.toMs = toMs
    this.version++
  }

  add(aggregator: number, fromMs: number, toMs: number, reason: string): void {
    this.#gaps.push({ aggregator, fromMs, toMs, reason })
    this.version++
    if (this.#gaps.length > GAPS_MAX) this.#gaps.shift()
  }

  /** Why a hole in a line exists: the known gap that overlaps it most, or nothing. */
  reasonAt(fromMs: number, toMs: number): string | null {
    let best: Gap | null = null
    let bestOverlapMs = 0
    for (const gap of this.#gaps) {
      const overlapMs = Math.min(toMs, gap.toMs) - Math.max(fromMs, gap.fromMs)
      if (overlapMs > bestOverlapMs) {
        best = gap
        bestOverlapMs = overlapMs
      }
    }
    return best?.reason ?? null
  }

  /** What happened within some time of an instant. */
  eventAt(timeMs: number, withinMs: number): string | null {
    return this.#gaps.findLast(gap => Math.abs(gap.fromMs - timeMs) <= withinMs || Math.abs(gap.toMs - timeMs) <= withinMs)?.reason ?? null
  }

  #last(aggregator: number): Gap | undefined {
    return this.#gaps.findLast(gap => gap.aggregator === aggregator)
  }
}
