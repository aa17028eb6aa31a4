import type { Live } from '../live'
import { useLive, useReading } from './liveContext'
import { Button, Notice } from './Notice'

const readPhase = (live: Live) => {
  const phase = live.store.aggregators[0]?.phase
  if (live.store.aggregators.some(aggregator => aggregator.phase.kind === 'open')) return 'open'
  return phase?.kind === 'lost' ? `lost|${phase.reason}` : 'connecting'
}

/** In place of everything, while there is nothing at all. */
export function NothingYet() {
  const live = useLive()
  const [phase, reason = ''] = useReading(readPhase).split('|')
  if (phase === 'lost') {
    return <Notice action={<Button onClick={() => live.retry()}>Try now</Button>}>{reason} It is tried again by itself.</Notice>
  }
  if (phase === 'connecting') return <Notice>Connecting to {live.store.aggregators.map(aggregator => aggregator.address).join(', ')}.</Notice>
  return (
    <Notice action={<code className="figures rounded border border-line bg-raised px-3 py-2 text-12 text-text select-all">dotnet run --project SimAgent</code>}>
      No agent has connected yet. Start one:
    </Notice>
  )
}
