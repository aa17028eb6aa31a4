const HOUR_MS = 3_600_000
const DAY_MS = 86_400_000

/**
 * Visits the ticks in [fromMs, toMs], which are page times: round times of the reader's own clock, in every zone and over a change of
 * summer time. `startsDay`: the first tick of a local day. `stepMs`: below an hour one that divides it, then whole hours that divide the
 * day, then days.
 */
export function eachTimeTick(
  fromMs: number, toMs: number, stepMs: number, originEpochMs: number, visit: (tickMs: number, startsDay: boolean) => void,
): void {
  const from = originEpochMs + fromMs
  const to = originEpochMs + toMs
  const day = new Date(from)
  day.setHours(0, 0, 0, 0)
  for (let midnight = day.getTime(); midnight <= to;) {
    const [year, month, date] = [day.getFullYear(), day.getMonth(), day.getDate()]
    day.setDate(date + 1)
    day.setHours(0, 0, 0, 0)
    const next = day.getTime()
    if (stepMs >= DAY_MS) {
      const number = Math.round(Date.UTC(year, month, date) / DAY_MS)
      if (midnight >= from && number % Math.round(stepMs / DAY_MS) === 0) visit(midnight - originEpochMs, true)
    } else if (stepMs >= HOUR_MS) {
      // Hours of the wall clock: a day of 23 or 25 has them too.
      let last = Number.NEGATIVE_INFINITY
      for (let hour = 0; hour < 24; hour += stepMs / HOUR_MS) {
        const tick = new Date(year, month, date, hour).getTime()
        if (tick > last && tick >= from && tick <= to) visit(tick - originEpochMs, hour === 0)
        last = tick
      }
    } else {
      for (let n = Math.max(0, Math.ceil((from - midnight) / stepMs)); midnight + n * stepMs < next && midnight + n * stepMs <= to; n++) {
        visit(midnight + n * stepMs - originEpochMs, n === 0)
      }
    }
    midnight = next
  }
}
