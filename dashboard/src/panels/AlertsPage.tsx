import { useCallback, useEffect, useState } from 'react'
import { readFirings, readTriggers, type FiringRecord, type Triggers } from '../wire/triggers'
import type { Live } from '../live'
import { CapturePanel } from './CapturePanel'
import { FiringsTable } from './FiringsTable'
import { useLive, useReading } from './liveContext'
import { NothingYet } from './NothingYet'
import { RulesTable } from './RulesTable'
import { useUi } from './uiState'

const READ_EVERY_MS = 500
const FIRINGS_MAX = 200

export type AggregatorTriggers = {
  readonly aggregator: number
  readonly triggers: Triggers | null
  readonly firings: readonly FiringRecord[]
  readonly total: number
}

/** Rules with their state, what they fired on, and the seconds that were kept of it. */
export function AlertsPage() {
  const live = useLive()
  const capture = useUi(state => state.capture)
  const [all, setAll] = useState<readonly AggregatorTriggers[]>([])
  const [asked, setAsked] = useState(0)
  const connected = useReading(useCallback((reader: Live) => reader.store.aggregators.some(({ phase }) => phase.kind === 'open'), []))
  useEffect(() => {
    // This page streams nothing: it asks for what changed.
    live.wish([])
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

  if (!connected && all.every(({ triggers }) => triggers === null)) return <main className="min-h-0 flex-1 bg-surface"><NothingYet /></main>
  return (
    <main className="min-h-0 flex-1 overflow-y-auto bg-surface" tabIndex={0}>
      {capture !== null && <CapturePanel key={capture} capture={capture} />}
      <RulesTable all={all} onChanged={() => setAsked(asked + 1)} />
      <FiringsTable all={all} />
    </main>
  )
}
