import { formatClock, formatDuration, formatFixed, NO_VALUE } from '../paint/format'
import type { Live } from '../live'
import { useReading } from './liveContext'

type Badge = {
  readonly state: 'live' | 'paused' | 'catching up' | 'stalled' | 'connecting' | 'disconnected'
  readonly detail: string
  readonly fps: number
  readonly p50: number
  readonly p95: number
  readonly p99: number
  readonly split: string
}

let last: Badge | null = null

/** The same object while nothing that is shown has changed. */
function readBadge(live: Live): Badge {
  const next = compute(live)
  if (last !== null && (Object.keys(next) as (keyof Badge)[]).every(key => Object.is(last![key], next[key]))) return last
  last = next
  return next
}

function compute(live: Live): Badge {
  const { store, loop, viewport } = live
  const nowMs = loop.nowMs()
  const latency = store.ledger.summary(store.serverNowMs())
  const [state, detail] = stateOf(live, nowMs)
  const ms = (value: number) => (Number.isNaN(value) ? NO_VALUE : `${formatFixed(value, 1)} ms`)
  return {
    state, detail,
    fps: viewport.live ? loop.fps() : 0,
    p50: tenths(latency.p50), p95: tenths(latency.p95), p99: tenths(latency.p99),
    split: [
      `Recorded to painted: p50 ${ms(latency.p50)}, p95 ${ms(latency.p95)}, p99 ${ms(latency.p99)}, of the last 5 s (${latency.count} stamps).`,
      `recorded → received ${ms(latency.recordedToReceived)}`,
      `received → framed ${ms(latency.receivedToFramed)}`,
      `framed → painted ${ms(latency.framedToPainted)}`,
    ].join('\n'),
  }
}

function tenths(ms: number): number {
  return Math.round(ms * 10) / 10
}

/** For an attribute: nothing while there is no figure. */
function figureOf(ms: number): number | '' {
  return Number.isNaN(ms) ? '' : ms
}

function stateOf(live: Live, nowMs: number): [Badge['state'], string] {
  const { store, viewport, originEpochMs } = live
  const { aggregators } = store
  const phases = aggregators.map(aggregator => aggregator.phase)
  const up = phases.filter(phase => phase.kind === 'open').length
  const share = aggregators.length > 1 && up < aggregators.length ? `${up} of ${aggregators.length} aggregators` : ''
  if (up === 0) {
    const lost = phases.find(phase => phase.kind === 'lost')
    if (lost) return ['disconnected', `since ${formatClock(originEpochMs + lost.sinceMs)}`]
    const stalled = phases.find(phase => phase.kind === 'stalled')
    if (stalled) return ['stalled', `for ${formatDuration(Math.floor((nowMs - stalled.sinceMs) / 1000) * 1000)}`]
    return ['connecting', '']
  }
  // An aggregator that is lost is said in every state: lag and pauses must not hide it.
  const detail = (text: string) => (share === '' ? text : `${text}, ${share}`)
  if (viewport.frozenEdgeMs !== null) return ['paused', detail(`${formatDuration(Math.floor((nowMs - viewport.frozenEdgeMs) / 1000) * 1000)} behind`)]
  const slow = aggregators.find(aggregator => aggregator.laggingRate > 0)
  if (slow) return ['catching up', detail(`at ${slow.laggingRate} Hz`)]
  return ['live', share]
}

const COLOURS = {
  live: 'text-ok', paused: 'text-accent', 'catching up': 'text-warn', stalled: 'text-warn', connecting: 'text-muted', disconnected: 'text-bad',
} as const

/** Always in view: the state, the painted frames per second, and how old what is on screen is. */
export function StatusBadge() {
  const badge = useReading(readBadge)
  return (
    <span
      className="figures flex flex-wrap items-center justify-end gap-x-2 text-12 *:whitespace-nowrap"
      data-badge=""
      data-state={badge.state}
      data-fps={badge.fps}
      data-latency-p50={figureOf(badge.p50)}
      data-latency-p95={figureOf(badge.p95)}
      data-latency-p99={figureOf(badge.p99)}
      title={badge.split}
    >
      <span className={COLOURS[badge.state]} aria-live="polite">
        <span aria-hidden="true">● </span>
        {badge.state}
        {badge.detail !== '' && ` ${badge.detail}`}
      </span>
      <span className="text-faint" aria-label={`${badge.fps} painted frames per second, ${badge.p50} milliseconds from record to paint`}>
        <span className="inline-block min-w-[2ch] text-right text-text">{badge.fps}</span> fps ·{' '}
        <span className="inline-block min-w-[3ch] text-right text-text">{Number.isNaN(badge.p50) ? NO_VALUE : formatFixed(badge.p50, 0)}</span> ms
      </span>
    </span>
  )
}
