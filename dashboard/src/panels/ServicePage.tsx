import { useCallback, useEffect, useMemo, type ReactNode } from 'react'
import { formatCount, formatFixed, formatIn, formatNumber, formatValue, NO_VALUE, scaleFor } from '../paint/format'
import type { LineModel } from '../paint/lineContent'
import type { Live } from '../live'
import { columnValueAt, ServiceView, type ServiceShape, type ViewLine } from '../store/serviceView'
import { serviceSubscriptions } from '../store/subscriptions'
import { HeatPanel } from './HeatPanel'
import { InstancesTable } from './InstancesTable'
import { LinePanel } from './LinePanel'
import { useLive, useReading } from './liveContext'
import { MetricList } from './MetricList'
import { MetricPanel } from './MetricPanel'
import { ChartNotice } from './Notice'
import { Readout } from './Panel'
import { percentileColour, PERCENTILE_LABELS, type ViewProps } from './percentileStyle'
import { isShown, useUi } from './uiState'
import { useSubscriptions } from './useSubscriptions'

const THROUGHPUT_COLOUR = 1
const ERRORS_COLOUR = 5
const INFLIGHT_COLOUR = 2

export function ServicePage({ service }: { readonly service: string }) {
  const live = useLive()
  const instance = useUi(state => state.instance)
  const metrics = useUi(state => state.metrics)
  const windowMs = useUi(state => state.windowMs)
  const subscriptions = useMemo(() => serviceSubscriptions(service, metrics, windowMs), [service, metrics, windowMs])
  const view = useMemo(() => new ServiceView(live.store, service, instance), [live, service, instance])

  useEffect(() => {
    live.loop.derivations.add(view.derive)
    return () => { live.loop.derivations.delete(view.derive) }
  }, [live, view])
  useSubscriptions(subscriptions)

  const shape = useReading(useCallback(() => view.shape, [view]))
  useEffect(() => {
    live.history.draw(view.percentileTargets)
    return () => live.history.draw([])
  }, [live, view, shape])
  return (
    <main className="grid min-h-0 flex-1 auto-rows-min grid-cols-1 gap-px overflow-y-auto bg-line pb-px lg:grid-cols-[3fr_2fr]" tabIndex={0}>
      <div className="h-56 lg:h-64"><Latency view={view} shape={shape} /></div>
      <div className="h-48 lg:h-64"><Throughput view={view} shape={shape} /></div>
      <div className="h-56 lg:h-64"><Distribution view={view} shape={shape} /></div>
      <div className="grid h-96 grid-rows-2 gap-px lg:h-64">
        <Errors view={view} shape={shape} />
        <Inflight view={view} shape={shape} />
      </div>
      {metrics.map((metric, index) => <div key={metric} className={`h-48 ${index === metrics.length - 1 && index % 2 === 0 ? 'lg:col-span-2' : ''}`}><MetricPanel view={view} shape={shape} metric={metric} /></div>)}
      <div className="lg:col-span-2"><InstancesTable view={view} shape={shape} /></div>
      <div className="bg-surface lg:col-span-2"><MetricList shape={shape} /></div>
    </main>
  )
}

function Latency({ view, shape }: ViewProps) {
  const hidden = useUi(state => state.hidden)
  const only = useUi(state => state.only)
  const model = useMemo((): LineModel => ({
    lines: shape.latency.filter(line => isShown(`latency/${line.label}`, { hidden, only }))
      .map(line => ({ ...line, colour: percentileColour(line.label) })),
    unit: shape.latencyUnit,
    area: false,
  }), [shape, hidden, only])
  const text = useReading(useCallback((live: Live) => {
    const values = PERCENTILE_LABELS.map(label => worstAt(shape.latency.filter(line => line.label === label), live.readAtMs()))
    const scaled = scaleFor(shape.latencyUnit, Math.max(...values.map(value => (Number.isNaN(value) ? 0 : value))))
    return [scaled.unit, view.latencyErrorRatio, ...values.map(value => `${formatIn(value, scaled)}=${value}`)].join('|')
  }, [view, shape]))
  const [unit = '', error = '', p50 = '', p95 = '', p99 = ''] = text.split('|')
  const errorText = Number.isNaN(Number(error)) ? '' : `±${formatFixed(Number(error) * 100, 1)} %`
  return (
    <LinePanel
      name="latency"
      title="Latency"
      note={errorText}
      about={latencyAbout(shape, errorText)}
      label="Latency percentiles over time"
      model={model}
      readouts={[['p99', p99, 5], ['p95', p95, 0], ['p50', p50, 1]].map(([label, pair, colour]) => {
        const [shown = NO_VALUE, value = ''] = String(pair).split('=')
        const name = `latency-${label}`
        return (
          <Readout
            key={name} name={name} label={String(label)} line={`latency/${label}`} text={shown} value={numberOf(value)} unit={unit} colour={Number(colour)}
          />
        )
      })}
      empty={shape.latencyOrigin === 'none' && <ChartNotice>{missing(view, shape, 'latency')}</ChartNotice>}
    />
  )
}

function latencyAbout(shape: ServiceShape, errorText: string): string {
  switch (shape.latencyOrigin) {
    case 'histograms':
      return `Over a sliding second, from the histograms of ${shape.shown.length} instance(s), merged bucket by bucket; buckets bound the error to ${errorText}.`
    case 'gauges':
      return 'No histogram “latency” is sent: these are the percentiles that each instance computed. '
        + 'They cannot be merged; the figure is that of the worst instance.'
    case 'none':
      return 'No latency is sent.'
  }
}

function Throughput({ view, shape }: ViewProps) {
  return (
    <SinglePanel
      format={formatPlain} view={view} shape={shape} name="throughput" title="Throughput" metric="rps" unit="1/s" colour={THROUGHPUT_COLOUR} line={shape.throughput}
      about="Requests in the last second: the sum over the instances shown." big
    />
  )
}

function Errors({ view, shape }: ViewProps) {
  return (
    <SinglePanel
      format={formatPercent} view={view} shape={shape} name="errors" title="Errors" metric="error_rate" unit="%" colour={ERRORS_COLOUR} line={shape.errors}
      about="Failed requests of all requests in the last second, over the instances shown." big
    />
  )
}

function Inflight({ view, shape }: ViewProps) {
  return (
    <SinglePanel
      format={formatCount} view={view} shape={shape} name="inflight" title="In flight" metric="inflight" unit="" colour={INFLIGHT_COLOUR} line={shape.inflight}
      about="Requests being worked on: the sum over the instances shown." big
    />
  )
}

const formatPlain = (value: number) => formatValue(value, '1')
const formatPercent = (value: number) => formatNumber(value * 100)

type SinglePanelProps = ViewProps & {
  readonly name: string
  readonly title: string
  readonly metric: string
  readonly unit: string
  readonly colour: number
  readonly about: string
  readonly big?: boolean
  readonly line: ViewLine | null
  readonly format: (value: number) => string
}

/** One line, filled, with its newest value. */
function SinglePanel({ view, shape, name, title, metric, unit, colour, about, big = false, line, format }: SinglePanelProps): ReactNode {
  const model = useMemo((): LineModel => ({ lines: line === null ? [] : [{ ...line, colour }], unit, area: true }), [line, unit, colour])
  const text = useReading(useCallback((live: Live) => {
    const value = line === null ? Number.NaN : columnValueAt(line.column, live.readAtMs() - line.shiftMs())
    return `${format(value)}|${value}`
  }, [line, format]))
  const [shown = NO_VALUE, value = ''] = text.split('|')
  return (
    <LinePanel
      name={name}
      title={title}
      about={about}
      label={`${title} over time`}
      model={model}
      readouts={<Readout name={name} text={shown} value={numberOf(value)} big={big} />}
      empty={line === null && <ChartNotice>{missing(view, shape, metric)}</ChartNotice>}
    />
  )
}

function missing(view: ServiceView, shape: ServiceShape, metric: string): string {
  return shape.instances.length === 0 ? `Nothing has arrived from “${view.service}” yet.` : `“${view.service}” sends no metric “${metric}”.`
}

function worstAt(lines: readonly ViewLine[], timeMs: number): number {
  let worst = Number.NaN
  for (const line of lines) {
    const value = columnValueAt(line.column, timeMs - line.shiftMs())
    if (!(value <= worst) && !Number.isNaN(value)) worst = value
  }
  return worst
}

/** A figure that was passed as text. */
function numberOf(text: string): number {
  return text === '' ? Number.NaN : Number(text)
}

function Distribution({ view, shape }: ViewProps) {
  const model = useMemo(() => ({
    sources: shape.histograms,
    presence: shape.latencyOrigin === 'histograms' ? shape.latency.slice(0, 1) : [],
    unit: shape.latencyUnit,
    history: view.history,
  }), [view, shape])
  return (
    <HeatPanel
      name="distribution"
      title="Latency distribution"
      model={model}
      empty={shape.histograms.length === 0 && (
        <ChartNotice>{shape.instances.length === 0 ? missing(view, shape, 'latency') : `“${view.service}” sends no histogram “latency”.`}</ChartNotice>
      )}
    />
  )
}
