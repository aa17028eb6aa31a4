import type { Column } from './column'
import { MergedLine, sumOf, weightedMeanOf, type GaugeSource } from './merge'
import type { PercentileTarget } from './history'
import { HistogramHistory } from './histogramHistory'
import { PercentileLines, percentilesOf, type HistogramSource } from './percentiles'
import type { LiveStore } from './liveStore'
import { selectorText, type Matcher } from './selector'
import type { LiveSeries } from './series'

/** One instance of a service, with its standard metrics as far as it sends them. */
export type InstanceView = {
  readonly key: string
  readonly instance: string
  readonly aggregator: number
  readonly series: ReadonlyMap<string, LiveSeries>
}

/** How the latency lines came to be. */
export type LatencyOrigin = 'histograms' | 'gauges' | 'none'

export type ViewLine = { readonly label: string, readonly column: Column, readonly shiftMs: () => number }

export const STANDARD_METRICS = [
  'latency', 'latency_p50', 'latency_p95', 'latency_p99', 'rps', 'error_rate', 'inflight', 'requests_total', 'errors_total',
] as const

const noShift = () => 0

/** Which lines there are. Replaced as a whole when series come or go; the columns behind the lines change in place. */
export type ServiceShape = {
  readonly instances: readonly InstanceView[]
  /** The instances whose values are in the charts. */
  readonly shown: readonly InstanceView[]
  /** Series that are not among the standard metrics. */
  readonly others: readonly LiveSeries[]
  readonly latencyOrigin: LatencyOrigin
  readonly latency: readonly ViewLine[]
  readonly latencyUnit: string
  readonly histograms: readonly HistogramSource[]
  readonly throughput: ViewLine | null
  readonly errors: ViewLine | null
  readonly inflight: ViewLine | null
}

const NO_SHAPE: ServiceShape = {
  instances: [], shown: [], others: [], latencyOrigin: 'none', latency: [], latencyUnit: 'ms', histograms: [], throughput: null, errors: null,
  inflight: null,
}

/** One service, all instances merged or one of them: the columns behind its charts. */
export class ServiceView {
  readonly service: string
  /** Null: all instances. */
  readonly instance: string | null
  shape: ServiceShape = NO_SHAPE
  readonly #store: LiveStore
  readonly #percentiles = new PercentileLines()
  /** The latency histograms of before the stream. */
  readonly history = new HistogramHistory()
  readonly #merged = { rps: new MergedLine(sumOf), error_rate: new MergedLine(weightedMeanOf), inflight: new MergedLine(sumOf) }
  #catalogVersion = -1
  #shiftVersion = -1

  constructor(store: LiveStore, service: string, instance: string | null) {
    this.#store = store
    this.service = service
    this.instance = instance
  }

  /** How far the percentiles may be off, as a ratio; NaN where the agent computed them. */
  get latencyErrorRatio(): number {
    return this.shape.latencyOrigin === 'histograms' ? Math.max(this.#percentiles.errorRatio, this.history.errorRatio) : Number.NaN
  }

  /** What the history of the percentiles is read by. */
  get percentileTargets(): PercentileTarget[] {
    if (this.shape.latencyOrigin !== 'histograms') return []
    const matchers: Matcher[] = [{ label: 'service', operator: '=', value: this.service }]
    if (this.instance !== null) matchers.push({ label: 'instance', operator: '=', value: this.instance })
    const pulses = this.shape.histograms.flatMap(({ pulse }) => pulse ?? [])
    return [{ selector: selectorText({ name: 'latency', matchers }), columns: this.#percentiles.columns, history: this.history, pulses }]
  }

  /** Brings the derived columns up to date. Once per frame, before painting. */
  derive = (): void => {
    if (this.#catalogVersion !== this.#store.catalogVersion) {
      this.#catalogVersion = this.#store.catalogVersion
      this.#regroup()
    }
    if (this.#shiftVersion !== this.#store.shiftVersion) {
      this.#shiftVersion = this.#store.shiftVersion
      this.#percentiles.invalidate()
      for (const merged of Object.values(this.#merged)) merged.invalidate()
    }
    const keptFromMs = this.#store.serverNowMs() - this.#store.retentionMs
    if (this.shape.latencyOrigin === 'histograms') this.#percentiles.update(keptFromMs)
    for (const merged of Object.values(this.#merged)) merged.update(keptFromMs)
  }

  /** The percentiles of one instance now, in the order of PERCENTILES. */
  percentilesOf(instance: InstanceView, toMs: number, into: Float64Array): void {
    const series = instance.series.get('latency')
    // Before the stream's histograms there are the percentiles that the instance computed.
    const histogram = series?.histogram ?? null
    if (series && histogram && histogram.count > 0 && toMs - series.source.shiftMs >= histogram.times[histogram.start]!) {
      percentilesOf([sourceOf(histogram, series)], toMs, into)
      return
    }
    for (const [i, name] of ['latency_p50', 'latency_p95', 'latency_p99'].entries()) {
      into[i] = valueAt(instance.series.get(name), toMs)
    }
  }

  #regroup(): void {
    const instances = new Map<string, { key: string, instance: string, aggregator: number, series: Map<string, LiveSeries> }>()
    const others: LiveSeries[] = []
    for (const series of this.#store.series()) {
      if (series.service !== this.service) continue
      const key = `${series.aggregator}/${series.instance}`
      let view = instances.get(key)
      if (view === undefined) {
        view = { key, instance: series.instance, aggregator: series.aggregator, series: new Map() }
        instances.set(key, view)
      }
      const standard = (STANDARD_METRICS as readonly string[]).includes(series.name) && Object.keys(series.labels).length === 0
      if (standard && !view.series.has(series.name)) view.series.set(series.name, series)
      else if (this.instance === null || series.instance === this.instance) others.push(series)
    }
    const sorted = [...instances.values()].sort((a, b) => (a.key < b.key ? -1 : 1))
    const shown = this.instance === null ? sorted : sorted.filter(view => view.instance === this.instance)
    this.shape = {
      instances: sorted,
      shown,
      others: others.sort((a, b) => (a.title + a.instance < b.title + b.instance ? -1 : 1)),
      ...this.#latency(shown),
      throughput: this.#build(shown, 'rps', ['rps']),
      errors: this.#build(shown, 'error_rate', ['error_rate', 'rps']),
      inflight: this.#build(shown, 'inflight', ['inflight']),
    }
  }

  #latency(shown: readonly InstanceView[]): Pick<ServiceShape, 'latency' | 'latencyOrigin' | 'latencyUnit' | 'histograms'> {
    const latencies = named(shown, 'latency')
    const histograms = histogramSources(latencies, shown)
    const unit = latencies[0]?.unit ?? named(shown, 'latency_p99')[0]?.unit ?? ''
    const latencyUnit = unit === '' ? 'ms' : unit
    this.#percentiles.setSources(histograms)
    this.history.setLive(histograms)
    const labels = ['p50', 'p95', 'p99']
    if (histograms.length > 0) {
      const latency = this.#percentiles.columns.map((column, i) => ({ label: labels[i]!, column, shiftMs: noShift }))
      return { histograms, latencyUnit, latencyOrigin: 'histograms', latency }
    }
    const latency: ViewLine[] = []
    for (const label of labels) {
      for (const series of named(shown, `latency_${label}`)) {
        if (series.column !== null) latency.push({ label, column: series.column, shiftMs: shiftOf(series) })
      }
    }
    return { histograms, latencyUnit, latencyOrigin: latency.length > 0 ? 'gauges' : 'none', latency }
  }

  /** One instance: its own column, sample by sample. Several: merged. */
  #build(shown: readonly InstanceView[], name: 'rps' | 'error_rate' | 'inflight', channels: readonly string[]): ViewLine | null {
    const views = shown.filter(view => view.series.get(name)?.column)
    const merged = this.#merged[name]
    const only = views.length === 1 ? views[0]!.series.get(name) : undefined
    if (views.length === 0 || only?.column) {
      merged.setSources([], channels.length)
      return only?.column ? { label: name, column: only.column, shiftMs: shiftOf(only) } : null
    }
    const complete = views.filter(view => channels.every(channel => view.series.get(channel)?.column))
    merged.setSources(complete.flatMap(view => channels.map(channel => gaugeSourceOf(view.series.get(channel)!))), channels.length)
    return { label: name, column: merged.column, shiftMs: noShift }
  }
}

function named(shown: readonly InstanceView[], name: string): LiveSeries[] {
  return shown.flatMap(view => view.series.get(name) ?? [])
}

export function shiftOf(series: LiveSeries): () => number {
  return () => series.source.shiftMs
}

/** What is read as the newest value may be this old: slow classes bring it late, and gauges are over a sliding second. */
const READ_MAX_MS = 1000

/** The value that is read off a series at an instant; NaN where it has none. */
export function valueAt(series: Pick<LiveSeries, 'column' | 'source'> | undefined, timeMs: number): number {
  return series?.column ? columnValueAt(series.column, timeMs - series.source.shiftMs) : Number.NaN
}

export function columnValueAt(column: Column, timeMs: number): number {
  const row = column.indexFrom(timeMs + 1e-6) - 1
  if (row < column.start) return Number.NaN
  const silenceMs = Math.max(READ_MAX_MS, column.gapMs)
  const holds = timeMs - column.times[row]! <= silenceMs || (row + 1 < column.end && column.holdsAt(row, timeMs))
  return holds ? column.values[row]! : Number.NaN
}

/** Histograms of several instances, each with the column that its instance fills at every push. */
export function histogramSources(series: readonly LiveSeries[], instances: readonly InstanceView[]): HistogramSource[] {
  return series.flatMap(one => {
    const instance = instances.find(view => view.aggregator === one.aggregator && view.instance === one.instance)
    return one.histogram === null ? [] : [{ ...sourceOf(one.histogram, one), pulse: instance?.series.get('rps')?.column ?? null }]
  })
}

function sourceOf(histogram: HistogramSource['histogram'], series: LiveSeries): HistogramSource {
  return { histogram, shiftMs: shiftOf(series) }
}

function gaugeSourceOf(series: LiveSeries): GaugeSource {
  return { column: series.column!, shiftMs: shiftOf(series) }
}
