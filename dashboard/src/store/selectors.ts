import type { Wish } from './liveStore'
import type { LiveSeries } from './series'
import { STANDARD_METRICS } from './serviceView'

/** The rate of what is looked at closely, of lists, and of the list of a service's other series. */
const CHART_RATE = 60
const LIST_RATE = 15
const CATALOG_RATE = 1

/** What the list of services is made of. */
const OVERVIEW_METRICS = ['rps', 'error_rate', 'latency', 'latency_p99'] as const

/** A selector in the one syntax of the product. */
export function selectorOf(name: string | null, matchers: Readonly<Record<string, string>>): string {
  const list = Object.entries(matchers).map(([label, value]) => `${label}="${escapeValue(value)}"`)
  return `${name ?? ''}${list.length === 0 ? '' : `{${list.join(',')}}`}`
}

function escapeValue(value: string): string {
  return value.replace(/\\/g, '\\\\').replace(/"/g, '\\"').replace(/\n/g, '\\n')
}

function wish(name: string | null, service: string | null, rate: number, backfillMs: number): Wish {
  const selector = selectorOf(name, service === null ? {} : { service })
  return {
    key: `${selector}@${rate}`,
    selector,
    rate,
    backfillMs,
    matches: (series: LiveSeries) => (name === null || series.name === name) && (service === null || series.service === service),
  }
}

/** Every service's requests once a second: which services there are, for pickers and the search. */
export function catalogWishes(): Wish[] {
  return [wish('rps', null, CATALOG_RATE, 0)]
}

export function overviewWishes(backfillMs: number): Wish[] {
  return OVERVIEW_METRICS.map(name => wish(name, null, LIST_RATE, backfillMs))
}

/** `metrics`: further names that are shown as charts. */
export function serviceWishes(service: string, metrics: readonly string[], backfillMs: number): Wish[] {
  const charted = [...new Set<string>([...STANDARD_METRICS, ...metrics])]
  const charts = charted.map(name => wish(name, service, CHART_RATE, backfillMs))
  return [...charts, wish(null, service, CATALOG_RATE, backfillMs), ...catalogWishes()]
}
