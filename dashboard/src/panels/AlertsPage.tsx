import { useCallback, useEffect } from 'react'
import type { Live } from '../live'
import { CapturePanel } from './CapturePanel'
import { FiringsTable } from './FiringsTable'
import { useLive, useReading } from './liveContext'
import { NothingYet } from './NothingYet'
import { RulesTable } from './RulesTable'
import { useUi } from './uiState'
import { useTriggers } from './useTriggers'

/** Rules with their state, what they fired on, and the seconds that were kept of it. */
export function AlertsPage() {
  const live = useLive()
  const capture = useUi(state => state.capture)
  const [all, readNow] = useTriggers()
  const connected = useReading(useCallback((reader: Live) => reader.store.aggregators.some(({ phase }) => phase.kind === 'open'), []))
  // This page streams nothing: it polls.
  useEffect(() => live.subscribe([]), [live])

  if (!connected && all.every(({ triggers }) => triggers === null)) return <main className="min-h-0 flex-1 bg-surface"><NothingYet /></main>
  return (
    <main className="min-h-0 flex-1 overflow-y-auto bg-surface" tabIndex={0}>
      {capture !== null && <CapturePanel key={capture} capture={capture} />}
      <RulesTable all={all} onChanged={readNow} />
      <FiringsTable all={all} />
    </main>
  )
}
