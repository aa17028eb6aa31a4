// The queries of the Explore page, and the lines that answer them.
import { Column } from './column'
import { HistogramHistory } from './histogramHistory'
import type { PercentileTarget } from './history'
import { matcherOf, labelOf, parseSelector, selectorText, type Matcher } from './selector'
import type { LiveStore } from './liveStore'
import { maxOf, meanOf, MergedLine, minOf, sumOf, type Combine } from './merge'
import { PERCENTILES, PercentileLines, type HistogramSource } from './percentiles'
import { RateLine } from './rate'
import type { LiveSeries } from './series'
import { shiftOf, type ViewLine } from './serviceView'

export const EXPLORE_QUERIES_MAX = 8
/** Lines of one chart: with more nobody can follow one; the rest is counted. */
export const EXPLORE_LINES_MAX = 200

export const COMBINES = ['sum', 'mean', 'min', 'max'] as const
export type CombineName = typeof COMBINES[number]
export const STATISTICS = ['percentiles', 'p50', 'p95', 'p99'] as const
export type Statistic = typeof STATISTICS[number]

/** One row of the query list. */
export type ExploreQuery = {
  readonly selector: string
  /** Null: each series is a line. Empty: all become one line. Otherwise a line for each value of this label. */
  readonly split: string | null
  /** How series that share a line become one number. Histograms add up bucket by bucket instead. */
  readonly combine: CombineName
  /** Of histograms. */
  readonly statistic: Statistic
  readonly right: boolean
}

export const QUERY_DEFAULT: Omit<ExploreQuery, 'selector'> = { split: null, combine: 'sum', statistic: 'percentiles', right: false }

export type ExploreLine = ViewLine & {
  /** Stable while the query and the series are the same: what is hidden is kept by it. */
  readonly key: string
  readonly query: number
  readonly unit: string
  readonly right: boolean
  readonly series: number
}

export type ExploreShape = {
  readonly lines: readonly ExploreLine[]
  /** Lines that would be there if they were not too many. */
  readonly omitted: number
  /** Their series. */
  readonly undrawn: ReadonlySet<LiveSeries>
  /** For each query, what it matches. */
  readonly matched: readonly (readonly LiveSeries[])[]
  readonly percentiles: readonly PercentileTarget[]
}

const NO_SHAPE: ExploreShape = { lines: [], omitted: 0, undrawn: new Set(), matched: [], percentiles: [] }
const COMBINE_BY: Readonly<Record<CombineName, Combine>> = { sum: sumOf, mean: meanOf, min: minOf, max: maxOf }
const noShift = () => 0

type Derived = { update(keptFromMs: number): void, invalidate(): void }

/** Keeps the lines of some queries up to date with the series that match them. */
export class ExploreView {
  shape: ExploreShape = NO_SHAPE
  readonly #store: LiveStore
  readonly #queries: readonly { readonly query: ExploreQuery, readonly matches: (series: LiveSeries) => boolean }[]
  #derived: Derived[] = []
  #percentiles: PercentileTarget[] = []
  #catalogVersion = -1
  #shiftVersion = -1

  constructor(store: LiveStore, queries: readonly ExploreQuery[]) {
    this.#store = store
    this.#queries = queries.map(query => {
      const parsed = parseSelector(query.selector)
      return { query, matches: parsed.ok ? matcherOf(parsed.selector) : () => false }
    })
  }

  /** Once per frame, before painting. */
  derive = (): void => {
    if (this.#catalogVersion !== this.#store.catalogVersion) {
      this.#catalogVersion = this.#store.catalogVersion
      this.#regroup()
    }
    if (this.#shiftVersion !== this.#store.shiftVersion) {
      this.#shiftVersion = this.#store.shiftVersion
      for (const derived of this.#derived) derived.invalidate()
    }
    const keptFromMs = this.#store.serverNowMs() - this.#store.retentionMs
    for (const derived of this.#derived) derived.update(keptFromMs)
  }

  #regroup(): void {
    this.#derived = []
    this.#percentiles = []
    const lines: ExploreLine[] = []
    const matched = this.#queries.map(({ matches }) => [...this.#store.series()].filter(matches))
    let omitted = 0
    const undrawn = new Set<LiveSeries>()
    const drawn = new Set<LiveSeries>()
    for (const [index, { query }] of this.#queries.entries()) {
      for (const [title, series] of groupsOf(matched[index]!, query.split)) {
        if (lines.length >= EXPLORE_LINES_MAX) {
          omitted++
          for (const one of series) undrawn.add(one)
        } else {
          for (const one of series) drawn.add(one)
          lines.push(...this.#linesOf(index, query, title, series))
        }
      }
    }
    for (const one of drawn) undrawn.delete(one)
    this.shape = { lines, omitted, undrawn, matched, percentiles: this.#percentiles }
  }

  /** Of one group: series of one kind become lines together. */
  #linesOf(index: number, query: ExploreQuery, title: string, series: readonly LiveSeries[]): ExploreLine[] {
    const make = (label: string, column: Column, shiftMs: () => number, unit: string): ExploreLine => ({
      key: `${index}:${label}`, label, column, shiftMs, query: index, unit, right: query.right, series: series.length,
    })
    const histograms = series.filter(one => one.histogram !== null)
    const unit = series.find(one => one.unit !== '')?.unit ?? ''
    if (histograms.length > 0) {
      const percentiles = new PercentileLines()
      const sources = histograms.map((one): HistogramSource => (
        { histogram: one.histogram!, shiftMs: shiftOf(one), pulse: this.#pulseOf(one) }
      ))
      percentiles.setSources(sources)
      this.#derived.push(percentiles)
      const history = new HistogramHistory()
      history.setLive(sources)
      const pulses = sources.flatMap(({ pulse }) => pulse ?? [])
      this.#percentiles.push({ selector: selectorOf(query, histograms), columns: percentiles.columns, history, pulses })
      return PERCENTILES.flatMap((quantile, i) => {
        const name = `p${quantile * 100}`
        return query.statistic === 'percentiles' || query.statistic === name ? [make(`${title} ${name}`, percentiles.columns[i]!, noShift, unit)] : []
      })
    }
    const sources = series.flatMap(one => {
      if (one.column === null) return []
      if (one.kind !== 'counter') return [{ column: one.column, shiftMs: shiftOf(one) }]
      const rate = new RateLine(one.column)
      this.#derived.push(rate)
      return [{ column: rate.column, shiftMs: shiftOf(one) }]
    })
    const shown = series.some(one => one.kind === 'counter') ? perSecond(unit) : unit
    const [only] = sources
    if (only === undefined) return []
    if (sources.length === 1) return [make(title, only.column, only.shiftMs, shown)]
    const merged = new MergedLine(COMBINE_BY[query.combine])
    merged.setSources(sources, 1)
    this.#derived.push(merged)
    return [make(title, merged.column, noShift, shown)]
  }

  /** What its instance fills at every push, when the page has it. */
  #pulseOf(histogram: LiveSeries): Column | null {
    for (const one of this.#store.series()) {
      const same = one.aggregator === histogram.aggregator && one.service === histogram.service && one.instance === histogram.instance
      if (same && one.column !== null && one.name === 'rps') return one.column
    }
    return null
  }
}

/** What an aggregator is asked for the same group: the query, and what the group has in common. */
function selectorOf(query: ExploreQuery, group: readonly LiveSeries[]): string {
  const parsed = parseSelector(query.selector)
  const [first] = group
  if (!parsed.ok || first === undefined) return query.selector
  const labels = query.split === '' ? [] : query.split === null ? ['service', 'instance', ...Object.keys(first.labels)] : [query.split]
  const matchers = labels.map((label): Matcher => ({ label, operator: '=', value: labelOf(first, label) }))
  return selectorText({ name: parsed.selector.name ?? first.name, matchers: [...parsed.selector.matchers, ...matchers] })
}

/** Series by the name of their line, in the order of the names. */
function groupsOf(series: readonly LiveSeries[], split: string | null): [string, LiveSeries[]][] {
  const groups = new Map<string, LiveSeries[]>()
  for (const one of series) {
    const title = split === null ? titleOf(one) : split === '' ? one.name : `${one.name} ${split}=${labelOf(one, split) || '–'}`
    // Kinds do not mix: a gauge and a counter of one name are two lines.
    const key = one.kind === 'histogram' ? `${title}\u0000h` : one.kind === 'counter' ? `${title}\u0000c` : title
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [one])
    else group.push(one)
  }
  return [...groups].sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, group]) => [key.split('\u0000')[0]!, group])
}

function titleOf(series: LiveSeries): string {
  return `${series.title} ${series.service}/${series.instance}`
}

export function perSecond(unit: string): string {
  return unit === '' || unit === '1' ? '1/s' : `${unit}/s`
}
