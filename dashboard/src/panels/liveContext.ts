import { createContext, useCallback, useContext, useEffect, useRef, useSyncExternalStore } from 'react'
import type { Live } from '../live'

export const LiveContext = createContext<Live | null>(null)

export function useLive(): Live {
  const live = useContext(LiveContext)
  if (live === null) throw new Error('BUG: useLive is called outside of LiveContext.')
  return live
}

/**
 * A value that people read: read four times a second and when a connection changes, not when
 * samples arrive. `read` must give a string, a number, or an object that is the same while nothing changed.
 */
export function useReading<T>(read: (live: Live) => T): T {
  const live = useLive()
  const last = useRef<{ reads: number, read: (live: Live) => T, value: T } | null>(null)
  const snapshot = useCallback(() => {
    const kept = last.current
    if (kept !== null && kept.reads === live.reads && kept.read === read) return kept.value
    const value = read(live)
    last.current = { reads: live.reads, read, value }
    return value
  }, [live, read])
  return useSyncExternalStore(live.onRead, snapshot)
}

/** Runs before every frame, while mounted. */
export function useDerivations(derive: () => void): void {
  const live = useLive()
  useEffect(() => {
    live.loop.derivations.add(derive)
    return () => { live.loop.derivations.delete(derive) }
  }, [live, derive])
}
