import { useCallback, useEffect, useMemo, useRef, useState } from 'react'
import { formatNumber, formatValue } from '../paint/format'
import type { Line } from '../paint/lineContent'
import type { Live } from '../live'
import { SORTS, type Sort } from '../store/overview'
import { overviewSubscriptions } from '../store/subscriptions'
import { State } from './InstancesTable'
import { useLive, useReading } from './liveContext'
import { NothingYet } from './NothingYet'
import { Sparkline } from './Sparkline'
import { cell, figure, headCell, headFigure, sparkCell } from './table'
import { useUi } from './uiState'
import { WallPanel } from './WallPanel'
import { useSubscriptions } from './useSubscriptions'

/** What the wall may show: the standard metrics that are numbers. */
const WALLS = ['rps', 'latency_p99', 'error_rate', 'inflight'] as const
/** Of a row of the table: only the rows in view exist. */
const ROW_PX = 28
const OVERSCAN = 8
/** Shorter lists are drawn as a whole. */
const WHOLE_MAX = 60
const noShift = () => 0

/** All services: as a table, or as a wall. */
export function OverviewPage() {
  const wall = useUi(state => state.wall)
  const filter = useUi(state => state.filter)
  const nothing = useReading(readNothing)
  if (nothing) return <main className="min-h-0 flex-1 bg-surface"><NothingYet /><ListSubscription /></main>
  return (
    <main className="flex min-h-0 flex-1 flex-col bg-surface">
      <Bar />
      {wall === null ? <Services /> : <div className="min-h-0 flex-1"><WallPanel metric={wall} filter={filter} /></div>}
    </main>
  )
}

const readNothing = (live: Live) => live.overview.services.length === 0 && live.store.series().next().done === true

/** Subscribes to what the table shows, and computes its lines. */
function ListSubscription() {
  const live = useLive()
  const count = useReading(useCallback((reader: Live) => reader.overview.services.length, []))
  const windowMs = useUi(state => state.windowMs)
  const subscriptions = useMemo(() => overviewSubscriptions(windowMs, count), [windowMs, count])
  useSubscriptions(subscriptions)
  useEffect(() => {
    live.loop.derivations.add(live.overview.derive)
    return () => { live.loop.derivations.delete(live.overview.derive) }
  }, [live])
  return null
}

function Bar() {
  const filter = useUi(state => state.filter)
  const setFilter = useUi(state => state.setFilter)
  const wall = useUi(state => state.wall)
  const setWall = useUi(state => state.setWall)
  return (
    <div className="flex flex-wrap items-center gap-3 border-b border-line px-3 py-1.5">
      <input
        type="search"
        aria-label="Filter services"
        placeholder="filter services"
        className="h-7 w-56 rounded border border-line bg-bg px-2 text-12 text-text placeholder:text-faint"
        value={filter}
        onChange={event => setFilter(event.target.value)}
      />
      <label className="flex items-center gap-2 text-12 text-faint">
        as
        <select
          className="h-7 rounded border border-line bg-bg px-1 text-12 text-text"
          value={wall ?? ''}
          onChange={event => setWall(event.target.value === '' ? null : event.target.value)}
        >
          <option value="">table</option>
          {WALLS.map(metric => <option key={metric} value={metric}>heat wall of {metric}</option>)}
          {wall !== null && !(WALLS as readonly string[]).includes(wall) && <option value={wall}>heat wall of {wall}</option>}
        </select>
      </label>
    </div>
  )
}

const HEADS: readonly { readonly sort: Sort, readonly title: string, readonly figure: boolean, readonly about?: string }[] = [
  { sort: 'service', title: 'service', figure: false },
  { sort: 'state', title: 'state', figure: false },
  { sort: 'instances', title: 'instances', figure: true },
  { sort: 'p99', title: 'p99', figure: true, about: 'Over a sliding second, merged exactly across the instances.' },
  { sort: 'rps', title: 'rps', figure: true },
  { sort: 'errors', title: 'err %', figure: true },
]

function Services() {
  const live = useLive()
  const filter = useUi(state => state.filter)
  const sortText = useUi(state => state.sort)
  const setSort = useUi(state => state.setSort)
  const sort = SORTS.find(one => one === sortText) ?? 'service'
  const services = useReading(useCallback((reader: Live) => (
    reader.overview.sorted(sort, filter, reader.loop.frame.edgeMs).join('\u0000')
  ), [sort, filter])).split('\u0000').filter(name => name !== '')
  const box = useRef<HTMLDivElement>(null)
  const [first, setFirst] = useState(0)
  const [height, setHeight] = useState(1200)
  useEffect(() => {
    const element = box.current
    if (element === null) return
    const measure = () => {
      setHeight(element.clientHeight || 1200)
      setFirst(Math.floor(element.scrollTop / ROW_PX))
    }
    measure()
    element.addEventListener('scroll', measure, { passive: true })
    window.addEventListener('resize', measure)
    return () => {
      element.removeEventListener('scroll', measure)
      window.removeEventListener('resize', measure)
    }
  }, [])
  const whole = services.length <= WHOLE_MAX
  const from = whole ? 0 : Math.min(services.length, Math.max(0, first - OVERSCAN))
  const to = whole ? services.length : Math.min(services.length, first + Math.ceil(height / ROW_PX) + OVERSCAN)
  const shown = services.slice(from, to)
  const shownKey = shown.join('\u0000')
  useEffect(() => live.overview.show(shownKey.split('\u0000')), [live, shownKey])
  return (
    <div ref={box} className="min-h-0 flex-1 overflow-auto" tabIndex={0} role="region" aria-label="Services">
      <ListSubscription />
      <table className="w-full border-collapse text-12" aria-rowcount={services.length + 1}>
        <caption className="px-3 pt-2 text-left text-11 font-semibold tracking-wider text-muted uppercase">
          {services.length} {services.length === 1 ? 'service' : 'services'}
        </caption>
        <thead className="sticky top-0 z-10 bg-surface">
          <tr className="border-b border-line">
            {HEADS.map(head => (
              <th
                key={head.sort} scope="col" title={head.about}
                className={`${head.figure ? headFigure : headCell} ${head.sort === 'instances' ? 'max-sm:hidden' : ''}`}
                aria-sort={sort === head.sort ? (head.figure ? 'descending' : 'ascending') : undefined}
              >
                <button type="button" className="hover:text-text" onClick={() => setSort(head.sort === 'service' ? null : head.sort)}>
                  {head.title}{sort === head.sort && <span aria-hidden="true"> {head.figure ? '▾' : '▴'}</span>}
                </button>
              </th>
            ))}
            <th scope="col" className={headCell}>rps over time</th>
          </tr>
        </thead>
        <tbody>
          {from > 0 && <tr aria-hidden="true" style={{ height: from * ROW_PX }} />}
          {shown.map((service, index) => <Row key={service} service={service} index={from + index + 2} />)}
          {to < services.length && <tr aria-hidden="true" style={{ height: (services.length - to) * ROW_PX }} />}
        </tbody>
      </table>
      {services.length === 0 && <p className="px-3 py-2 text-12 text-muted" role="status">No service is named like “{filter}”.</p>}
    </div>
  )
}

function Row({ service, index }: { readonly service: string, readonly index: number }) {
  const live = useLive()
  const openService = useUi(state => state.openService)
  const lines = useReading(useCallback((reader: Live) => reader.overview.throughputOf(service), [service]))
  const line = useMemo((): Line | null => (
    lines === null ? null : { label: service, column: lines.column, colour: 1, shiftMs: noShift }
  ), [lines, service])
  const text = useReading(useCallback((reader: Live) => read(service, reader).join('|'), [service]))
  const [state = '', instances = '', p99 = '', rps = '', errors = ''] = text.split('|')
  return (
    <tr className="h-7 border-b border-grid hover:bg-raised" data-service={service} aria-rowindex={index}>
      <td className={cell}>
        <button type="button" className="block max-w-28 truncate text-left text-accent hover:underline sm:max-w-96" title={service} onClick={() => openService(service)}>
          {service}
        </button>
      </td>
      <td className={cell}><State text={state} /></td>
      <td className={`${figure} max-sm:hidden`}>{instances}</td>
      <td className={figure}>{p99}</td>
      <td className={figure}>{rps}</td>
      <td className={figure}>{errors}</td>
      <td className={sparkCell}>
        {live.store.aggregators.length > 0 && <Sparkline name={`rps-${service}`} label={`Requests per second of ${service}`} line={line} />}
      </td>
    </tr>
  )
}

function read(service: string, live: Live): string[] {
  const summary = live.overview.summary(service, live.loop.frame.edgeMs)
  if (summary === null) return []
  const { instances, silent } = summary
  const lost = live.store.aggregators.every(aggregator => aggregator.phase.kind === 'lost')
  return [
    lost ? 'no connection' : silent === 0 ? 'live' : silent === instances ? 'silent' : `silent: ${silent} of ${instances}`,
    String(instances),
    formatValue(summary.p99, summary.latencyUnit),
    formatNumber(summary.rps),
    formatNumber(summary.errorRatio * 100),
  ]
}
