const DAY_MS = 86_400_000

/**
 * The instant that the page counts its milliseconds from: the start of yesterday. Times since then keep a precision of
 * some nanoseconds in a double, which times since 1970 do not.
 */
export function pageOriginNs(wallClockMs: number): bigint {
  return BigInt((Math.floor(wallClockMs / DAY_MS) - 1) * DAY_MS) * 1_000_000n
}

/** A clock of milliseconds since the page's origin that never steps; page and worker agree on it. */
export function pageClock(originNs: bigint): () => number {
  const base = performance.timeOrigin - Number(originNs / 1_000_000n)
  return () => base + performance.now()
}
