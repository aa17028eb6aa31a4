import { useEffect, useState } from 'react'
import { readFirings, readTriggers, type FiringRecord, type Triggers } from '../wire/triggers'
import { useLive } from './liveContext'

const READ_EVERY_MS = 500
const FIRINGS_MAX = 200

/** The rules of one aggregator and what they fired on; `triggers` is null while they cannot be read. */
export type AggregatorTriggers = {
  readonly aggregator: number
  readonly triggers: Triggers | null
  readonly firings: readonly FiringRecord[]
  readonly total: number
}

/** Reads the rules and firings of all aggregators while the calling page is shown; the second value reads them at once. */
export function useTriggers(): readonly [all: readonly AggregatorTriggers[], readNow: () => void] {
  const live = useLive()
  const [all, setAll] = useState<readonly AggregatorTriggers[]>([])
  const [asked, setAsked] = useState(0)
  useEffect(() => {
    let stopped = false
    const before = new Map<number, AggregatorTriggers>()
    const read = async () => {
      if (live.hidden) return
      const next = await Promise.all(live.store.aggregators.map(async ({ index }) => {
        const known = before.get(index)
        const triggers = readTriggers(await live.getJson(index, '/api/triggers'))
        if (triggers !== null && known?.triggers?.version === triggers.version) return { ...known, triggers }
        const list = triggers === null ? null : readFirings(await live.getJson(index, `/api/triggers/firings?limit=${FIRINGS_MAX}`))
        return { aggregator: index, triggers, firings: list?.firings ?? known?.firings ?? [], total: list?.total ?? known?.total ?? 0 }
      }))
      for (const one of next) before.set(one.aggregator, one)
      if (!stopped) setAll(next)
    }
    void read()
    const timer = setInterval(() => void read(), READ_EVERY_MS)
    return () => {
      stopped = true
      clearInterval(timer)
    }
  }, [live, asked])
  return [all, () => setAsked(count => count + 1)]
}
