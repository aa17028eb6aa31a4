// Data plane: how long samples take from the agent's record call to the painted picture, and on which leg.

const LEDGER_ROWS = 4096
const PENDING_MAX = 1024
/** The badge shows the last seconds, not the whole day. */
const RECENT_MS = 5000

export type LatencySummary = {
  readonly p50: number
  readonly p95: number
  readonly p99: number
  readonly recordedToReceived: number
  readonly receivedToFramed: number
  readonly framedToPainted: number
  readonly count: number
}

/** Stamps wait here until the picture that holds their samples is painted; then their legs are added to a ring. */
export class LatencyLedger {
  readonly #recorded = new Float64Array(PENDING_MAX)
  readonly #received = new Float64Array(PENDING_MAX)
  readonly #framed = new Float64Array(PENDING_MAX)
  #pending = 0
  readonly #paintedAt = new Float64Array(LEDGER_ROWS)
  readonly #total = new Float64Array(LEDGER_ROWS)
  readonly #toReceived = new Float64Array(LEDGER_ROWS)
  readonly #toFramed = new Float64Array(LEDGER_ROWS)
  readonly #toPainted = new Float64Array(LEDGER_ROWS)
  #rows = 0
  readonly #sorted = new Float64Array(LEDGER_ROWS)

  /** All by the aggregator's clock. */
  note(recordedMs: number, receivedMs: number, framedMs: number): void {
    if (this.#pending === PENDING_MAX) return
    const at = this.#pending++
    this.#recorded[at] = recordedMs
    this.#received[at] = receivedMs
    this.#framed[at] = framedMs
  }

  /** Nothing was painted for what is waiting (paused, hidden): its latency would measure the pause. */
  discard(): void {
    this.#pending = 0
  }

  painted(paintedMs: number): void {
    for (let i = 0; i < this.#pending; i++) {
      const row = this.#rows++ % LEDGER_ROWS
      this.#paintedAt[row] = paintedMs
      this.#total[row] = paintedMs - this.#recorded[i]!
      this.#toReceived[row] = this.#received[i]! - this.#recorded[i]!
      this.#toFramed[row] = this.#framed[i]! - this.#received[i]!
      this.#toPainted[row] = paintedMs - this.#framed[i]!
    }
    this.#pending = 0
  }

  summary(nowMs: number): LatencySummary {
    const total = this.#sort(this.#total, nowMs)
    const p50 = quantileOf(total, 0.5)
    const p95 = quantileOf(total, 0.95)
    const p99 = quantileOf(total, 0.99)
    const count = total.length
    return {
      p50, p95, p99, count,
      recordedToReceived: quantileOf(this.#sort(this.#toReceived, nowMs), 0.5),
      receivedToFramed: quantileOf(this.#sort(this.#toFramed, nowMs), 0.5),
      framedToPainted: quantileOf(this.#sort(this.#toPainted, nowMs), 0.5),
    }
  }

  #sort(column: Float64Array, nowMs: number): Float64Array {
    let count = 0
    for (let row = 0; row < Math.min(this.#rows, LEDGER_ROWS); row++) {
      if (nowMs - this.#paintedAt[row]! <= RECENT_MS) this.#sorted[count++] = column[row]!
    }
    return this.#sorted.subarray(0, count).sort()
  }
}

/** Nearest rank, of sorted values. */
function quantileOf(sorted: Float64Array, quantile: number): number {
  return sorted.length === 0 ? Number.NaN : sorted[Math.max(0, Math.ceil(quantile * sorted.length) - 1)]!
}
