import { useCallback, type ReactNode } from 'react'
import { formatDuration } from '../paint/format'
import type { Live } from '../live'
import { GrafanaLink } from './GrafanaLink'
import { useLive, useReading } from './liveContext'
import { Button } from './Notice'
import { useUi } from './uiState'
import { WINDOWS_MS } from './url'

const select = 'h-7 max-w-64 rounded border border-line bg-bg px-1 text-12 text-text'

/** Names in one string: React compares it, and nothing is drawn again while it is the same. */
const SEPARATOR = '\u0000'
const readServices = (live: Live) => servicesOf(live).join(SEPARATOR)

export function servicesOf(live: Live): string[] {
  return [...new Set([...[...live.store.series()].map(series => series.service), ...live.catalog.services().keys()])].sort()
}

export function Toolbar() {
  const live = useLive()
  const page = useUi(state => state.page)
  const windowMs = useUi(state => state.windowMs)
  const paused = useUi(state => state.atMs !== null)
  // These have no time axis, or one of their own.
  if (page === 'system' || page === 'alerts') return null
  return (
    <div className="flex min-h-10 flex-wrap items-center gap-x-4 gap-y-2 border-b border-line bg-surface px-3 py-1" role="toolbar" aria-label="What is shown">
      {page === 'service' && <ServicePicker />}
      <div className="ml-auto flex items-center gap-3">
        {page === 'service' && <GrafanaLink />}
        <Reading />
        <span className={paused ? '' : 'invisible max-sm:hidden'}><Button onClick={() => live.viewport.resume()} title="L">⟲ back to live</Button></span>
        <Field label="window">
          <select className={`${select} figures`} value={windowMs} onChange={event => live.viewport.setSpan(Number(event.target.value))}>
            {!(WINDOWS_MS as readonly number[]).includes(windowMs) && <option value={windowMs}>{formatDuration(windowMs)}</option>}
            {WINDOWS_MS.map(ms => <option key={ms} value={ms}>{formatDuration(ms)}</option>)}
          </select>
        </Field>
      </div>
    </div>
  )
}

/** The past is being read, or there is nothing of it. */
function Reading() {
  const loading = useReading(useCallback((live: Live) => live.history.loading > 0, []))
  return <span className={`text-12 text-faint ${loading ? '' : 'invisible max-sm:hidden'}`} role="status">{loading ? 'reading the history' : ''}</span>
}

function ServicePicker() {
  const service = useUi(state => state.service)
  const instance = useUi(state => state.instance)
  const openService = useUi(state => state.openService)
  const openInstance = useUi(state => state.openInstance)
  const services = useReading(readServices).split(SEPARATOR).filter(name => name !== '')
  const instances = useReading(useCallback((live: Live) => {
    const names = [...live.store.series()].filter(series => series.service === service).map(series => series.instance)
    return [...new Set(names)].sort().join(SEPARATOR)
  }, [service])).split(SEPARATOR).filter(name => name !== '')
  return (
    <>
      <Field label="service">
        <select className={select} value={service ?? ''} onChange={event => openService(event.target.value)}>
          {service === null && <option value="">–</option>}
          {service !== null && !services.includes(service) && <option value={service}>{service}</option>}
          {services.map(name => <option key={name} value={name}>{name}</option>)}
        </select>
      </Field>
      <Field label="instance">
        <select className={select} value={instance ?? ''} onChange={event => openInstance(event.target.value === '' ? null : event.target.value)}>
          <option value="">{instances.length > 1 ? `all ${instances.length}` : 'all'}</option>
          {instance !== null && !instances.includes(instance) && <option value={instance}>{instance}</option>}
          {instances.map(name => <option key={name} value={name}>{name}</option>)}
        </select>
      </Field>
    </>
  )
}

function Field({ label, children }: { readonly label: string, readonly children: ReactNode }) {
  return (
    <label className="flex items-center gap-2 text-12 text-faint">
      {label}
      {children}
    </label>
  )
}
