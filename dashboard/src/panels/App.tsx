import { useCallback, useEffect } from 'react'
import type { Live } from '../live'
import { Help } from './Help'
import { pressKey } from './keys'
import { useLive, useReading } from './liveContext'
import { NothingYet } from './NothingYet'
import { Button } from './Notice'
import { OverviewPage } from './OverviewPage'
import { Search } from './Search'
import { ServicePage } from './ServicePage'
import { servicesOf, Toolbar } from './Toolbar'
import { TopBar } from './TopBar'
import { useUi } from './uiState'

export function App() {
  const live = useLive()
  const page = useUi(state => state.page)
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      const charts = () => [...document.querySelectorAll('canvas[data-chart]')].map(canvas => (canvas as HTMLElement).dataset['chart'] ?? '')
      if (pressKey(event, live, useUi.getState(), charts)) event.preventDefault()
    }
    window.addEventListener('keydown', onKey)
    return () => window.removeEventListener('keydown', onKey)
  }, [live])
  return (
    <div className="flex h-full flex-col">
      <TopBar />
      <Lost />
      <Toolbar />
      {page === 'overview' ? <OverviewPage /> : <Service />}
      <Help />
      <Search />
    </div>
  )
}

/** The service of the URL; without one, the first that is known. */
function Service() {
  const chosen = useUi(state => state.service)
  const openService = useUi(state => state.openService)
  const first = useReading(useCallback((live: Live) => chosen ?? servicesOf(live)[0] ?? null, [chosen]))
  useEffect(() => {
    if (chosen === null && first !== null) openService(first)
  }, [chosen, first, openService])
  if (chosen === null) return <main className="min-h-0 flex-1 bg-surface"><NothingYet /></main>
  return <ServicePage key={chosen} service={chosen} />
}

const readLost = (live: Live) => {
  const lost = live.store.aggregators.filter(aggregator => aggregator.phase.kind === 'lost')
  const [first] = lost
  if (first?.phase.kind !== 'lost') return ''
  const retryInS = Math.max(0, Math.ceil((first.phase.retryAtMs + live.store.offsetMs - live.store.serverNowMs()) / 1000))
  return `${lost.length}|${live.store.aggregators.length}|${first.phase.reason}|${retryInS}`
}

/** One line above everything while a connection is lost; the last picture stays below it. */
function Lost() {
  const live = useLive()
  const [count = '', , reason = '', retry = ''] = useReading(readLost).split('|')
  if (count === '') return null
  return (
    <div className="flex items-center gap-3 border-b border-line bg-raised px-3 py-1 text-12" role="alert" data-lost={count}>
      <span className="text-bad" aria-hidden="true">●</span>
      <span>{reason} The last picture stays; the next attempt {retry === '0' ? 'is under way' : `starts in ${retry} s`}.</span>
      <span className="ml-auto"><Button onClick={() => live.retry()}>Try now</Button></span>
    </div>
  )
}

