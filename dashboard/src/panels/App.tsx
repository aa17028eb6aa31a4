import { useCallback, useEffect, useRef } from 'react'
import type { Live } from '../live'
import { AlertsPage } from './AlertsPage'
import { ExplorePage } from './ExplorePage'
import { Help } from './Help'
import { pressKey } from './keys'
import { useLive, useReading } from './liveContext'
import { NothingYet } from './NothingYet'
import { Button } from './Notice'
import { OverviewPage } from './OverviewPage'
import { Search } from './Search'
import { ServicePage } from './ServicePage'
import { SystemPage } from './SystemPage'
import { servicesOf, Toolbar } from './Toolbar'
import { TopBar } from './TopBar'
import { useUi } from './uiState'

export function App() {
  const live = useLive()
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
      <CurrentPage />
      <Help />
      <Search />
    </div>
  )
}

function CurrentPage() {
  const page = useUi(state => state.page)
  switch (page) {
    case 'overview': return <OverviewPage />
    case 'service': return <Service />
    case 'explore': return <ExplorePage />
    case 'alerts': return <AlertsPage />
    case 'system': return <SystemPage />
  }
}

/** The service of the URL; without one, the first that is known. */
function Service() {
  const live = useLive()
  const chosen = useUi(state => state.service)
  const openService = useUi(state => state.openService)
  const first = useReading(useCallback((reader: Live) => chosen ?? servicesOf(reader)[0] ?? null, [chosen]))
  useEffect(() => {
    if (chosen === null && first !== null) openService(first)
  }, [chosen, first, openService])
  useEffect(() => {
    if (chosen === null) live.subscribe([])
  }, [live, chosen])
  if (chosen === null) return <main className="min-h-0 flex-1 bg-surface"><NothingYet /></main>
  return <ServicePage key={chosen} service={chosen} />
}

const readLost = (live: Live) => {
  const lost = live.store.aggregators.filter(aggregator => aggregator.phase.kind === 'lost')
  const [first] = lost
  if (first?.phase.kind !== 'lost') return ''
  const retryInS = Math.max(0, Math.ceil((first.phase.retryAtMs + live.store.offsetMs - live.store.serverNowMs()) / 1000))
  const nothingYet = live.store.series().next().done === true
  return `${lost.length}|${live.tokenRequired}|${nothingYet}|${retryInS}|${first.phase.reason}`
}

/** Viewing is protected: asks for the token, which is kept for this tab alone. */
function TokenForm() {
  const live = useLive()
  const input = useRef<HTMLInputElement>(null)
  const use = () => {
    if (input.current?.value) live.setToken(input.current.value)
  }
  return (
    <form
      className="flex flex-wrap items-center gap-3 border-b border-line bg-raised px-3 py-1 text-12"
      role="alert"
      onSubmit={event => {
        event.preventDefault()
        use()
      }}
    >
      <label className="flex items-center gap-3">
        This aggregator asks for a token to view it:
        <input ref={input} type="password" autoComplete="off" className="h-7 w-56 rounded border border-line bg-bg px-2 text-text" />
      </label>
      <Button onClick={use}>Use it</Button>
    </form>
  )
}

/** One line above everything while a connection is lost; the last picture stays below it. */
function Lost() {
  const live = useLive()
  const [count = '', tokenRequired = '', nothingYet = '', retry = '', reason = ''] = useReading(readLost).split('|')
  if (count === '') return null
  if (tokenRequired === 'true') return <TokenForm />
  // Without a picture the page itself says what is wrong.
  if (nothingYet === 'true') return null
  return (
    <div className="flex items-center gap-3 border-b border-line bg-raised px-3 py-1 text-12" role="alert" data-lost={count}>
      <span className="text-bad" aria-hidden="true">●</span>
      <span>{reason} The last picture stays; the next attempt {retry === '0' ? 'is under way' : `starts in ${retry} s`}.</span>
      <span className="ml-auto"><Button onClick={() => live.retry()}>Try now</Button></span>
    </div>
  )
}

