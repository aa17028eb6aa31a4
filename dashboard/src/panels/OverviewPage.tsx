import { useCallback, useEffect, useMemo } from 'react'
import { formatNumber, formatValue } from '../paint/format'
import type { Line } from '../paint/lineContent'
import type { Live } from '../live'
import { overviewWishes } from '../store/selectors'
import { State } from './InstancesTable'
import { useLive, useReading } from './liveContext'
import { Sparkline } from './Sparkline'
import { NothingYet } from './NothingYet'
import { cell, figure, headCell, headFigure, sparkCell } from './table'
import { useUi } from './uiState'

const BACKFILL_MS = 60_000
const noShift = () => 0

/** All services as a table. */
export function OverviewPage() {
  const live = useLive()
  useEffect(() => {
    live.wish(overviewWishes(BACKFILL_MS))
    live.loop.derivations.add(live.overview.derive)
    return () => { live.loop.derivations.delete(live.overview.derive) }
  }, [live])
  const services = useReading(readServices).split('\u0000').filter(name => name !== '')
  if (services.length === 0) return <main className="min-h-0 flex-1 bg-surface"><NothingYet /></main>
  return (
    <main className="min-h-0 flex-1 overflow-auto bg-surface">
      <table className="w-full border-collapse text-12">
        <caption className="px-3 pt-2 text-left text-11 font-semibold tracking-wider text-muted uppercase">{services.length} {services.length === 1 ? 'service' : 'services'}</caption>
        <thead className="sticky top-0 bg-surface">
          <tr className="border-b border-line">
            <th scope="col" className={headCell}>service</th>
            <th scope="col" className={headCell}>state</th>
            <th scope="col" className={headFigure}>instances</th>
            <th scope="col" className={headFigure} title="Over a sliding second, merged exactly across the instances.">p99</th>
            <th scope="col" className={headFigure}>rps</th>
            <th scope="col" className={headFigure}>err %</th>
            <th scope="col" className={headCell}>rps over time</th>
          </tr>
        </thead>
        <tbody>
          {services.map(service => <Row key={service} service={service} />)}
        </tbody>
      </table>
    </main>
  )
}

const readServices = (live: Live) => live.overview.services.sort().join('\u0000')

function Row({ service }: { readonly service: string }) {
  const live = useLive()
  const openService = useUi(state => state.openService)
  const line = useMemo((): Line | null => {
    const throughput = live.overview.throughputOf(service)
    return throughput === null ? null : { label: service, column: throughput.column, colour: 1, shiftMs: noShift }
  }, [live, service])
  const text = useReading(useCallback((reader: Live) => read(service, reader).join('|'), [service]))
  const [state = '', instances = '', p99 = '', rps = '', errors = ''] = text.split('|')
  return (
    <tr className="border-b border-grid hover:bg-raised" data-service={service}>
      <td className={cell}>
        <button type="button" className="max-w-96 truncate text-left text-accent hover:underline" onClick={() => openService(service)}>{service}</button>
      </td>
      <td className={cell}><State text={state} /></td>
      <td className={figure}>{instances}</td>
      <td className={figure}>{p99}</td>
      <td className={figure}>{rps}</td>
      <td className={figure}>{errors}</td>
      <td className={sparkCell}><Sparkline name={`rps-${service}`} label={`Requests per second of ${service}`} line={line} /></td>
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

