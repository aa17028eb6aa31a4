/** Round trips remembered: at one a second, changes of the route are followed within half a minute. */
const SAMPLES_MAX = 32

/**
 * Estimates how far the aggregator's clock is ahead of the page's, as NTP does: of the recent round trips the shortest
 * one bounds the error best, since what delays a packet only ever adds.
 */
export class ClockEstimator {
  #roundTrips = new Float64Array(SAMPLES_MAX)
  #offsets = new Float64Array(SAMPLES_MAX)
  #count = 0

  offsetMs = 0
  roundTripMs = Number.NaN

  /** `sentMs`, `receivedMs`: page clock. `serverMs`: aggregator clock. All since the page's origin. */
  add(sentMs: number, receivedMs: number, serverMs: number): void {
    const roundTrip = Math.max(0, receivedMs - sentMs)
    const slot = this.#count++ % SAMPLES_MAX
    this.#roundTrips[slot] = roundTrip
    this.#offsets[slot] = serverMs - (sentMs + receivedMs) / 2
    let best = 0
    for (let i = 1; i < Math.min(this.#count, SAMPLES_MAX); i++) {
      if (this.#roundTrips[i]! <= this.#roundTrips[best]!) best = i
    }
    this.offsetMs = this.#offsets[best]!
    this.roundTripMs = this.#roundTrips[best]!
  }

  reset(): void {
    this.#count = 0
    this.offsetMs = 0
    this.roundTripMs = Number.NaN
  }
}
