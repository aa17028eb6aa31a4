export type Range = { readonly min: number, readonly max: number }

export type Ticks = { readonly range: Range, readonly step: number }

/** At most five ticks on an axis. */
export const TICKS_MAX = 5
const DAY_MS = 86_400_000
const TIME_STEPS_MS = [
  10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 15_000, 30_000, 60_000, 120_000, 300_000, 600_000, 900_000, 1_800_000, 3_600_000,
  7_200_000, 10_800_000, 21_600_000, 43_200_000, 86_400_000,
]

/** The smallest of 1, 2, 2.5, 5 times a power of ten that is at least `step`. */
function niceStep(step: number): number {
  const power = 10 ** Math.floor(Math.log10(step))
  for (const nice of [1, 2, 2.5, 5]) {
    if (nice * power >= step * (1 - 1e-9)) return nice * power
  }
  return 10 * power
}

/** An axis that holds [min, max] and ends on ticks. `intervals`: how many steps the height has room for. */
export function niceTicks(min: number, max: number, intervals = TICKS_MAX - 1): Ticks {
  if (!(max > min)) return niceTicks(min, min === 0 ? 1 : min + Math.abs(min) * 0.1, intervals)
  for (let step = niceStep((max - min) / intervals); ; step = niceStep(step * 1.01)) {
    const low = Math.floor(min / step + 1e-9) * step
    const high = Math.ceil(max / step - 1e-9) * step
    if (Math.round((high - low) / step) <= intervals) {
      return { range: { min: low, max: high }, step }
    }
  }
}

/** The step between time labels, so that at most `labelsMax` fit. */
export function timeStepMs(spanMs: number, labelsMax: number): number {
  const least = spanMs / Math.max(1, labelsMax)
  return TIME_STEPS_MS.find(step => step >= least) ?? Math.ceil(least / DAY_MS) * DAY_MS
}

/** How much of the axis the picture must leave unused before the axis shrinks. */
const SHRINK_BELOW = 0.5
const SHRINK_AFTER_MS = 1500

/**
 * A vertical axis that grows at once, so that no spike is cut off, and shrinks only after the picture has been small for
 * a while, so that it does not move with every value.
 */
export class StickyRange {
  #ticks: Ticks = niceTicks(0, 1)
  #smallSinceMs = Number.NaN
  #empty = true
  /** Grows with each change of the axis. */
  version = 0

  get ticks(): Ticks {
    return this.#ticks
  }

  /**
   * `min` and `max` of what is visible; NaN when nothing is. `intervals`: room for ticks.
   * `factor`: of the unit in which figures are shown: ticks are round in it.
   */
  fit(min: number, max: number, nowMs: number, intervals: number, factor = 1): void {
    if (Number.isNaN(min) || Number.isNaN(max)) return
    const wanted = scaledBy(niceTicks(min / factor, max / factor, intervals), factor)
    const { range } = this.#ticks
    if (this.#empty || min < range.min || max > range.max || wanted.range.min < range.min) {
      this.#take(wanted)
      return
    }
    if ((wanted.range.max - wanted.range.min) > (range.max - range.min) * SHRINK_BELOW) {
      this.#smallSinceMs = Number.NaN
    } else if (Number.isNaN(this.#smallSinceMs)) {
      this.#smallSinceMs = nowMs
    } else if (nowMs - this.#smallSinceMs > SHRINK_AFTER_MS) {
      this.#take(wanted)
    }
  }

  reset(): void {
    this.#empty = true
    this.#smallSinceMs = Number.NaN
  }

  #take(ticks: Ticks): void {
    this.#smallSinceMs = Number.NaN
    this.#empty = false
    const { range } = this.#ticks
    if (range.min === ticks.range.min && range.max === ticks.range.max && this.#ticks.step === ticks.step) return
    this.#ticks = ticks
    this.version++
  }
}

function scaledBy({ range, step }: Ticks, factor: number): Ticks {
  return factor === 1 ? { range, step } : { range: { min: range.min * factor, max: range.max * factor }, step: step * factor }
}
