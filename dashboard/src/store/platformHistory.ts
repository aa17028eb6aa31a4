import type { PlatformStatus } from '../wire/status'

/** A minute or two at one a second. */
const PLATFORM_ROWS_MAX = 120

export type PlatformRates = {
  readonly samplesPerSecond: number
  readonly batchesPerSecond: number
  readonly framesPerSecond: number
  readonly bytesPerSecond: number
  /** CPU seconds per second. */
  readonly cores: number
}

/** Rates computed from totals that are read now and then. A new session starts at zero, as its totals do. */
export class PlatformHistory {
  readonly samples: number[] = []
  readonly memory: number[] = []
  readonly cores: number[] = []
  #last: PlatformStatus | null = null
  #lastMs = 0
  #rates: PlatformRates | undefined

  add(status: PlatformStatus, atMs: number): void {
    const last = this.#last
    const seconds = (atMs - this.#lastMs) / 1000
    this.#last = status
    this.#lastMs = atMs
    if (last?.sessionId !== status.sessionId || seconds <= 0) return
    this.#rates = {
      samplesPerSecond: (status.received - last.received) / seconds,
      batchesPerSecond: (status.batches - last.batches) / seconds,
      framesPerSecond: (status.framesSent - last.framesSent) / seconds,
      bytesPerSecond: (status.bytesSent - last.bytesSent) / seconds,
      cores: (status.cpuSeconds - last.cpuSeconds) / seconds,
    }
    push(this.samples, this.#rates.samplesPerSecond)
    push(this.memory, status.memoryBytes)
    push(this.cores, this.#rates.cores)
  }

  rates(): PlatformRates | undefined {
    return this.#rates
  }
}

function push(values: number[], value: number): void {
  values.push(value)
  if (values.length > PLATFORM_ROWS_MAX) values.shift()
}
