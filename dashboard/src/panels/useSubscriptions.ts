import { useEffect, useState } from 'react'
import type { Subscription } from '../store/liveStore'
import { useLive } from './liveContext'

/** Subscribes to what the page shows. A zoom makes a new list sixty times a second: it is sent only when its content differs. */
export function useSubscriptions(subscriptions: readonly Subscription[]): void {
  const live = useLive()
  const [sent, setSent] = useState(subscriptions)
  if (keyOf(sent) !== keyOf(subscriptions)) setSent(subscriptions)
  useEffect(() => live.subscribe(sent), [live, sent])
}

function keyOf(subscriptions: readonly Subscription[]): string {
  return subscriptions.map(subscription => `${subscription.key}/${subscription.backfillMs}`).join(' ')
}
