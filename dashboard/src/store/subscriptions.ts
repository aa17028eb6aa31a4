// Which series each page subscribes to, at which rate, and how much of their past it asks for.
import type { ExploreQuery } from './explore'
import type { Subscription } from './liveStore'
import { matcherOf, parseSelector, selectorText, type Selector } from './selector'
import { STANDARD_METRICS } from './serviceView'

/** Lists of services and instances. */
const LIST_RATE = 15
/** The list of a service's other series, and lists too long to follow by eye. */
const CATALOG_RATE = 1

/** The columns of the list of services. */
const OVERVIEW_METRICS = ['rps', 'error_rate', 'latency', 'latency_p99'] as const

/** Of one metric, one service, or both. */
function subscription(name: string | null, service: string | null, rate: number, backfillMs: number): Subscription {
  return subscriptionTo({ name, matchers: service === null ? [] : [{ label: 'service', operator: '=', value: service }] }, rate, backfillMs)
}

function subscriptionTo(selector: Selector, rate: number, backfillMs: number): Subscription {
  const text = selectorText(selector)
  return { key: `${text}@${rate}`, selector: text, rate, backfillMs, matches: matcherOf(selector) }
}

/** A window of hours moves by one pixel a minute: fewer frames suffice, and keep the page's memory small. */
const RATES: readonly (readonly [windowMs: number, rate: number])[] = [[600_000, 60], [3_600_000, 5]]

/** Frames a second for a chart of this window. */
export function chartRate(windowMs: number): number {
  return RATES.find(([longest]) => windowMs <= longest)?.[1] ?? 1
}

const BACKFILL_MIN_MS = 60_000
/** Older samples are read over HTTP, at the resolution of the screen. */
const BACKFILL_MAX_MS = 600_000

/** Requested when a page opens: more than a window, so that stepping back has something to show at once. */
function backfillFor(windowMs: number): number {
  return Math.min(BACKFILL_MAX_MS, Math.max(BACKFILL_MIN_MS, Math.ceil(windowMs / 60_000) * 60_000))
}

/** The longer the list, the slower its rate: nobody follows hundreds of figures at once. */
export function overviewSubscriptions(windowMs: number, services: number): Subscription[] {
  const rate = services > 500 ? CATALOG_RATE : services > 100 ? 5 : LIST_RATE
  return OVERVIEW_METRICS.map(name => subscription(name, null, Math.min(rate, chartRate(windowMs)), backfillFor(windowMs)))
}

/** One metric of all services. */
export function wallSubscriptions(metric: string, windowMs: number, instances: number): Subscription[] {
  const rate = instances > 2000 ? CATALOG_RATE : instances > 200 ? 5 : LIST_RATE
  return [subscription(metric, null, Math.min(rate, chartRate(windowMs)), backfillFor(windowMs))]
}

/** `metrics`: further names that are shown as charts. */
export function serviceSubscriptions(service: string, metrics: readonly string[], windowMs: number): Subscription[] {
  const backfillMs = backfillFor(windowMs)
  const charted = [...new Set<string>([...STANDARD_METRICS, ...metrics])]
  const charts = charted.map(name => ({ ...subscription(name, service, chartRate(windowMs), backfillMs), charted: true }))
  return [...charts, subscription(null, service, CATALOG_RATE, backfillMs)]
}

/** With a histogram (`isHistogram`) comes its instance's `rps`: it tells an idle instance, which sends no histogram, from a lost one. */
export function exploreSubscriptions(
  queries: readonly ExploreQuery[], windowMs: number, isHistogram: (name: string) => boolean,
): Subscription[] {
  const subscriptions = new Map<string, Subscription>()
  for (const query of queries) {
    const parsed = parseSelector(query.selector)
    if (!parsed.ok) continue
    const { name, matchers } = parsed.selector
    const wanted = [parsed.selector]
    if (name !== null && isHistogram(name)) {
      wanted.push({ name: 'rps', matchers: matchers.filter(({ label }) => label === 'service' || label === 'instance') })
    }
    for (const one of wanted) {
      const charted = { ...subscriptionTo(one, chartRate(windowMs), backfillFor(windowMs)), charted: true }
      subscriptions.set(charted.key, charted)
    }
  }
  return [...subscriptions.values()]
}
