import { useEffect, useState } from 'react'
import type { Wish } from '../store/liveStore'
import { useLive } from './liveContext'

// A zoom changes the window sixty times a second, and what is wished for hardly ever: that alone is told.
/** Tells the aggregators what the page shows. */
export function useWishes(wishes: readonly Wish[]): void {
  const live = useLive()
  const [told, setTold] = useState(wishes)
  if (keyOf(told) !== keyOf(wishes)) setTold(wishes)
  useEffect(() => live.wish(told), [live, told])
}

function keyOf(wishes: readonly Wish[]): string {
  return wishes.map(wish => `${wish.key}/${wish.backfillMs}`).join(' ')
}
