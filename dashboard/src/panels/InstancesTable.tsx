import { useCallback, useMemo } from 'react'
import { formatCount, formatDuration, formatNumber, formatValue, NO_VALUE } from '../paint/format'
import type { Line } from '../paint/lineContent'
import type { Live } from '../live'
import { STALE_AFTER_MS } from '../store/overview'
import { shiftOf, valueAt, type InstanceView } from '../store/serviceView'
import { useReading } from './liveContext'
import type { ViewProps } from './percentileStyle'
import { Sparkline } from './Sparkline'
import { cell, figure, headCell, headFigure, sparkCell } from './table'
import { useUi } from './uiState'

const ABOUT_OFFSET = 'How far the agent’s clock is behind the aggregator’s, as the agent estimates it. From 10 ms on its samples are moved by it.'
const ABOUT_LOST = 'Samples that the agent recorded and had to drop since it started.'

/** The instances side by side; a click shows one of them in the charts. */
export function InstancesTable({ view, shape }: ViewProps) {
  return (
    <section className="bg-surface" aria-label="Instances">
      <div className="overflow-x-auto" tabIndex={0}>
        <table className="w-full border-collapse text-12">
          <caption className="px-3 pt-2 text-left text-11 font-semibold tracking-wider text-muted uppercase">Instances</caption>
          <thead>
            <tr className="border-b border-line">
              <th scope="col" className={headCell}>name</th>
              <th scope="col" className={headCell}>state</th>
              <th scope="col" className={headFigure}>p99</th>
              <th scope="col" className={headFigure}>rps</th>
              <th scope="col" className={headFigure}>err %</th>
              <th scope="col" className={headFigure}>in flight</th>
              <th scope="col" className={headFigure} title={ABOUT_OFFSET}>clock offset</th>
              <th scope="col" className={headFigure} title={ABOUT_LOST}>lost</th>
              <th scope="col" className={headCell}>rps over time</th>
            </tr>
          </thead>
          <tbody>
            {shape.instances.map(instance => <Row key={instance.key} view={view} instance={instance} />)}
          </tbody>
        </table>
      </div>
    </section>
  )
}

function Row({ view, instance }: { readonly view: ViewProps['view'], readonly instance: InstanceView }) {
  const chosen = useUi(state => state.instance)
  const openInstance = useUi(state => state.openInstance)
  const series = instance.series.get('rps')
  const line = useMemo((): Line | null => (
    series?.column ? { label: instance.instance, column: series.column, colour: 1, shiftMs: shiftOf(series) } : null
  ), [series, instance])
  const text = useReading(useCallback((live: Live) => read(view, instance, live).join('|'), [view, instance]))
  const [state = '', p99 = '', rps = '', errors = '', inflight = '', offset = '', lost = ''] = text.split('|')
  const isChosen = chosen === instance.instance
  return (
    <tr className="border-b border-grid last:border-0 hover:bg-raised aria-selected:bg-raised" aria-selected={isChosen} data-instance={instance.instance}>
      <td className={cell}>
        <button
          type="button"
          className="max-w-80 truncate text-left text-accent hover:underline"
          title={isChosen ? 'Show all instances' : `Show only ${instance.instance}`}
          onClick={() => openInstance(isChosen ? null : instance.instance)}
        >
          {instance.instance}
        </button>
      </td>
      <td className={cell}><State text={state} /></td>
      <td className={figure}>{p99}</td>
      <td className={figure}>{rps}</td>
      <td className={figure}>{errors}</td>
      <td className={figure}>{inflight}</td>
      <td className={figure}>{offset}</td>
      <td className={figure}>{lost}</td>
      <td className={sparkCell}><Sparkline name={`rps-${instance.instance}`} label={`Requests per second of ${instance.instance}`} line={line} /></td>
    </tr>
  )
}

/** Never by colour alone: the word is there too. */
export function State({ text }: { readonly text: string }) {
  const colour = text === 'live' ? 'text-ok' : text.startsWith('silent') ? 'text-warn' : 'text-bad'
  return <span className={`whitespace-nowrap ${colour}`}><span aria-hidden="true">● </span>{text}</span>
}

const percentiles = new Float64Array(3)

function read(view: ViewProps['view'], instance: InstanceView, live: Live): string[] {
  const nowMs = live.readAtMs()
  view.percentilesOf(instance, nowMs, percentiles)
  const value = (name: string) => valueAt(instance.series.get(name), nowMs)
  const source = [...instance.series.values()][0]?.source
  const agent = live.agents.find(instance.aggregator, view.service, instance.instance)
  return [
    stateOf(instance, live),
    formatValue(percentiles[2]!, view.shape.latencyUnit),
    formatNumber(value('rps')),
    formatNumber(value('error_rate') * 100),
    formatCount(value('inflight')),
    source === undefined ? NO_VALUE : formatValue(source.clockOffsetMs, 'ms'),
    agent === null ? NO_VALUE : formatCount(agent.lost),
  ]
}

function stateOf(instance: InstanceView, live: Live): string {
  const aggregator = live.store.aggregators[instance.aggregator]
  if (aggregator?.phase.kind === 'lost') return 'no connection'
  let newestMs = Number.NEGATIVE_INFINITY
  for (const series of instance.series.values()) newestMs = Math.max(newestMs, series.newestMs + series.source.shiftMs)
  const silentMs = live.loop.nowMs() - newestMs
  if (silentMs < STALE_AFTER_MS) return 'live'
  return Number.isFinite(silentMs) ? `silent for ${formatDuration(Math.floor(silentMs / 1000) * 1000)}` : 'no data'
}
