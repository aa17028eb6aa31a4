import type { SeriesEntry, SeriesKind } from '../wire/control'
import { Column } from './column'
import { HistogramColumn } from './histogramColumn'

/** One agent as the source of series, with its clock. */
export type Source = {
  readonly id: number
  readonly service: string
  readonly instance: string
  /** Aggregator minus agent, as the agent estimates it. */
  clockOffsetMs: number
  /** What is added to the agent's times so that events of different hosts line up; moves in steps only. */
  shiftMs: number
  newestRecordedMs: number
}

/** One series of one aggregator. Keyed by (aggregator, session, id); `identity` outlives the session. */
export class LiveSeries {
  readonly identity: string
  readonly aggregator: number
  readonly service: string
  readonly instance: string
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly kind: SeriesKind
  unit: string
  source: Source
  readonly column: Column | null
  readonly histogram: HistogramColumn | null
  /** The finest rate class that carries this series now; the same samples in coarser classes are ignored. 0: none yet. */
  acceptedRate = 0
  /** The coarsest class that the rows came from: a finer backfill replaces them. */
  filledRate = 0
  /** Rows arrived since the last painted frame. */
  touched = false

  readonly #entry: SeriesEntry

  constructor(aggregator: number, entry: SeriesEntry, source: Source) {
    this.#entry = entry
    this.identity = seriesIdentity(aggregator, entry)
    this.aggregator = aggregator
    this.service = entry.service
    this.instance = entry.instance
    this.name = entry.name
    this.labels = entry.labels
    this.kind = entry.kind
    this.unit = entry.unit
    this.source = source
    this.column = entry.kind === 'histogram' ? null : new Column()
    this.histogram = entry.kind === 'histogram' ? new HistogramColumn() : null
  }

  /** The same series without a row. */
  emptied(): LiveSeries {
    const series = new LiveSeries(this.aggregator, this.#entry, this.source)
    series.unit = this.unit
    return series
  }

  get newestMs(): number {
    return this.column?.newestMs ?? this.histogram?.newestMs ?? Number.NaN
  }

  get title(): string {
    const labels = Object.entries(this.labels)
    return labels.length === 0 ? this.name : `${this.name}{${labels.map(([name, value]) => `${name}="${value}"`).join(', ')}}`
  }
}

export function seriesIdentity(aggregator: number, entry: Omit<SeriesEntry, 'id' | 'source' | 'unit'>): string {
  const labels = Object.entries(entry.labels).sort(([a], [b]) => (a < b ? -1 : 1))
  return JSON.stringify([aggregator, entry.service, entry.instance, entry.name, entry.kind, labels])
}
