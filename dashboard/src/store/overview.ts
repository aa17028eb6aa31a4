import type { Catalog } from './catalog'
import { MergedLine, sumOf } from './merge'
import { percentilesOf, type HistogramSource } from './percentiles'
import type { LiveStore } from './liveStore'
import type { LiveSeries } from './series'
import { shiftOf, valueAt } from './serviceView'

export type ServiceSummary = {
  readonly service: string
  readonly instances: number
  /** Instances that have sent nothing for longer than a series may be silent. */
  readonly silent: number
  readonly p99: number
  readonly latencyUnit: string
  readonly rps: number
  readonly errorRatio: number
}

/** A series without a sample for this long is stale. */
export const STALE_AFTER_MS = 5000

type Group = {
  readonly service: string
  readonly rps: LiveSeries[]
  readonly errors: Map<string, LiveSeries>
  readonly p99: LiveSeries[]
  readonly histograms: HistogramSource[]
  readonly all: Map<string, LiveSeries[]>
  readonly throughput: MergedLine
  latencyUnit: string
}

export const SORTS = ['service', 'state', 'instances', 'p99', 'rps', 'errors'] as const
export type Sort = typeof SORTS[number]
/** Rows are sorted by changing figures no more often than this: they must not jump about. */
const SORT_EVERY_MS = 1000

/** All services, each with its newest figures and a line for its sparkline. */
export class Overview {
  readonly #store: LiveStore
  readonly #catalog: Catalog
  readonly #groups = new Map<string, Group>()
  readonly #scratch = new Float64Array(3)
  #catalogVersion = -1
  #shown: ReadonlySet<string> = new Set()
  #sorted: readonly string[] = []
  #sortedKey = ''
  #sortedMs = 0
  version = 0

  constructor(store: LiveStore, catalog: Catalog) {
    this.#store = store
    this.#catalog = catalog
  }

  /** Those that are streamed, and those that only the aggregators' lists know: a service may send none of the standard metrics. */
  get services(): string[] {
    return [...new Set([...this.#groups.keys(), ...this.#catalog.services().keys()])]
  }

  /** The services in view: only their lines are computed. */
  show(services: readonly string[]): void {
    for (const service of services) if (!this.#shown.has(service)) this.#groups.get(service)?.throughput.invalidate()
    this.#shown = new Set(services)
  }

  /** Names that hold the filter; figures from the highest down. */
  sorted(sort: Sort, filter: string, nowMs: number): readonly string[] {
    const key = `${sort}/${filter}/${this.version}/${this.#catalog.version}`
    const dances = sort !== 'service' && sort !== 'instances'
    if (key === this.#sortedKey && !(dances && nowMs - this.#sortedMs > SORT_EVERY_MS)) return this.#sorted
    this.#sortedKey = key
    this.#sortedMs = nowMs
    const wanted = filter.toLowerCase()
    const names = this.services.filter(name => name.toLowerCase().includes(wanted)).sort()
    if (sort === 'service') return this.#sorted = names
    const figures = new Map(names.map(name => [name, figureOf(this.summary(name, nowMs), sort)]))
    return this.#sorted = names.sort((a, b) => figures.get(b)! - figures.get(a)!)
  }

  throughputOf(service: string): MergedLine | null {
    return this.#groups.get(service)?.throughput ?? null
  }

  derive = (): void => {
    if (this.#catalogVersion !== this.#store.catalogVersion) {
      this.#catalogVersion = this.#store.catalogVersion
      this.#regroup()
    }
    const keptFromMs = this.#store.serverNowMs() - this.#store.retentionMs
    for (const service of this.#shown) this.#groups.get(service)?.throughput.update(keptFromMs)
  }

  summary(service: string, nowMs: number): ServiceSummary | null {
    const group = this.#groups.get(service)
    const listed = this.#catalog.services().get(service)
    if (group === undefined) {
      if (listed === undefined) return null
      return {
        service, instances: listed.instances, silent: listed.instances - listed.live, p99: Number.NaN, latencyUnit: 'ms',
        rps: Number.NaN, errorRatio: Number.NaN,
      }
    }
    let rps = Number.NaN
    let errors = 0
    let weight = 0
    let known = 0
    for (const series of group.rps) {
      const value = valueAt(series, nowMs)
      if (Number.isNaN(value)) continue
      rps = Number.isNaN(rps) ? value : rps + value
      const ratio = valueAt(group.errors.get(instanceKey(series)), nowMs)
      if (Number.isNaN(ratio)) continue
      known++
      errors += ratio * value
      weight += value
    }
    let silent = 0
    for (const series of group.all.values()) {
      if (!series.some(one => nowMs - one.newestMs - one.source.shiftMs < STALE_AFTER_MS)) silent++
    }
    return {
      service, instances: Math.max(group.all.size, listed?.instances ?? 0), silent,
      p99: this.#p99(group, nowMs), latencyUnit: group.latencyUnit, rps,
      // Silence is no rate of 0; a service that is there and has no request has one.
      errorRatio: known === 0 ? Number.NaN : weight === 0 ? 0 : errors / weight,
    }
  }

  #p99(group: Group, nowMs: number): number {
    if (group.histograms.length > 0) {
      percentilesOf(group.histograms, nowMs, this.#scratch)
      return this.#scratch[2]!
    }
    // Without histograms percentiles cannot be merged: the worst instance is shown.
    let worst = Number.NaN
    for (const series of group.p99) {
      const value = valueAt(series, nowMs)
      if (!(value <= worst)) worst = Number.isNaN(value) ? worst : value
    }
    return worst
  }

  #regroup(): void {
    const lines = new Map([...this.#groups].map(([service, group]) => [service, group.throughput]))
    this.#groups.clear()
    for (const series of this.#store.series()) {
      if (Object.keys(series.labels).length > 0) continue
      const group = this.#group(series, lines)
      const key = instanceKey(series)
      const siblings = group.all.get(key)
      if (siblings === undefined) group.all.set(key, [series])
      else siblings.push(series)
      if (series.name === 'rps' && series.column !== null) group.rps.push(series)
      else if (series.name === 'error_rate') group.errors.set(key, series)
      else if (series.name === 'latency_p99') group.p99.push(series)
      else if (series.name === 'latency' && series.histogram !== null) group.histograms.push({ histogram: series.histogram, shiftMs: shiftOf(series) })
      if (series.name.startsWith('latency') && series.unit !== '') group.latencyUnit = series.unit
    }
    for (const group of this.#groups.values()) {
      group.throughput.setSources(group.rps.map(series => ({ column: series.column!, shiftMs: shiftOf(series) })), 1)
    }
    this.version++
  }

  #group(series: LiveSeries, lines: ReadonlyMap<string, MergedLine>): Group {
    let group = this.#groups.get(series.service)
    if (group === undefined) {
      group = {
        service: series.service, rps: [], errors: new Map(), p99: [], histograms: [], all: new Map(),
        throughput: lines.get(series.service) ?? new MergedLine(sumOf), latencyUnit: 'ms',
      }
      this.#groups.set(series.service, group)
    }
    return group
  }
}

/** The sort key; an unknown value is the lowest. */
function figureOf(summary: ServiceSummary | null, sort: Sort): number {
  if (summary === null) return -1
  const value = sort === 'instances' ? summary.instances : sort === 'p99' ? summary.p99 : sort === 'rps' ? summary.rps
    : sort === 'errors' ? summary.errorRatio : summary.silent
  return Number.isNaN(value) ? -1 : value
}

function instanceKey(series: LiveSeries): string {
  return `${series.aggregator}/${series.instance}`
}
