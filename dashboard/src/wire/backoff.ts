export const RECONNECT_FIRST_MS = 250
export const RECONNECT_MAX_MS = 10_000

/**
 * How long to wait before attempt `attempt` (from 0): exponential, with the upper half at random, so that pages which
 * lost their connection together do not reconnect together.
 */
export function reconnectDelayMs(attempt: number, random: () => number): number {
  const ceiling = Math.min(RECONNECT_MAX_MS, RECONNECT_FIRST_MS * 2 ** Math.min(attempt, 16))
  return ceiling / 2 + random() * (ceiling / 2)
}
