import type { Wish } from './liveStore'
import type { LiveSeries } from './series'
import { matcherOf, parseSelector, selectorText } from './selector'
import { STANDARD_METRICS } from './serviceView'
import type { ExploreQuery } from './explore'

/** The rate of lists, and of the list of a service's other series. */
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

/** A window of hours moves by a pixel a minute: it needs no sixty frames a second, and its memory is small. */
const RATES: readonly (readonly [windowMs: number, rate: number])[] = [[600_000, 60], [3_600_000, 5]]

/** The rate of what is looked at closely. */
export function chartRate(windowMs: number): number {
  return RATES.find(([longest]) => windowMs <= longest)?.[1] ?? 1
}

const BACKFILL_MIN_MS = 60_000
/** Further back the history is read over HTTP, at the resolution of the screen. */
const BACKFILL_MAX_MS = 600_000

/** Asked for when a page opens: more than a window, so that stepping back has something to show at once. */
export function backfillFor(windowMs: number): number {
  return Math.min(BACKFILL_MAX_MS, Math.max(BACKFILL_MIN_MS, Math.ceil(windowMs / 60_000) * 60_000))
}

/** The more there are, the less often each: a list is looked at, not read. */
export function overviewWishes(windowMs: number, services: number): Wish[] {
  const rate = services > 500 ? CATALOG_RATE : services > 100 ? 5 : LIST_RATE
  return OVERVIEW_METRICS.map(name => wish(name, null, Math.min(rate, chartRate(windowMs)), backfillFor(windowMs)))
}

/** One metric of everything. */
export function wallWishes(metric: string, windowMs: number, instances: number): Wish[] {
  const rate = instances > 2000 ? CATALOG_RATE : instances > 200 ? 5 : LIST_RATE
  return [wish(metric, null, Math.min(rate, chartRate(windowMs)), backfillFor(windowMs))]
}

/** `metrics`: further names that are shown as charts. */
export function serviceWishes(service: string, metrics: readonly string[], windowMs: number): Wish[] {
  const backfillMs = backfillFor(windowMs)
  const charted = [...new Set<string>([...STANDARD_METRICS, ...metrics])]
  const charts = charted.map(name => ({ ...wish(name, service, chartRate(windowMs), backfillMs), charted: true }))
  return [...charts, wish(null, service, CATALOG_RATE, backfillMs)]
}

/** `isHistogram`: percentiles move on where nothing was requested, and only the instance's requests tell that apart from loss. */
export function exploreWishes(queries: readonly ExploreQuery[], windowMs: number, isHistogram: (name: string) => boolean): Wish[] {
  const wishes = new Map<string, Wish>()
  for (const query of queries) {
    const parsed = parseSelector(query.selector)
    if (!parsed.ok) continue
    const { name, matchers } = parsed.selector
    const wanted = [parsed.selector]
    if (name !== null && isHistogram(name)) {
      wanted.push({ name: 'rps', matchers: matchers.filter(({ label }) => label === 'service' || label === 'instance') })
    }
    for (const one of wanted) {
      const selector = selectorText(one)
      const key = `${selector}@${chartRate(windowMs)}`
      const rate = chartRate(windowMs)
      wishes.set(key, { key, selector, rate, backfillMs: backfillFor(windowMs), matches: matcherOf(one), charted: true })
    }
  }
  return [...wishes.values()]
}
