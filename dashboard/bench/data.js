export const POINTS = 600
export const FRAME_MS = 1000 / 60

/** The same wandering values for every painter. */
export function valueOf(line, point) {
  return 50 + 30 * Math.sin(point / 40 + line) + 10 * Math.sin(point / 7 + line * 3) + 3 * Math.sin(point * 1.7 + line * 11)
}

/** Points are numbered by the clock: a painter that is slow falls behind in frames, not in time. */
export function pointAt(nowMs) {
  return Math.floor(nowMs / FRAME_MS)
}
