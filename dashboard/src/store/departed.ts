// Removes series that their aggregator has evicted: the stream does not announce that, so its list of series is compared now and then.
// Without it every replaced instance stays a row of the overview and keeps 0.43 MB (four series, 120 s at 15 Hz): a page left open while
// 1,000 instances a day are replaced grows by 430 MB a day. Obsolete once the stream announces evicted series.
import { readSeries } from '../wire/catalog'
import { fieldsOf } from '../wire/http'
import type { LiveStore } from './liveStore'
import { seriesIdentity } from './series'
import { selectorText } from './selector'

/** Shorter silence is normal: nothing is asked. */
const SILENT_MIN_MS = 60_000
/** The longest list of series an aggregator returns. */
export const SERIES_LISTED_MAX = 20_000
/** Services asked about in one pass; the next pass asks about others. */
const SERVICES_MAX = 20

/** Asks about series that have long been silent and removes those that no longer exist. `keptMs`: how far back the page shows now. */
export async function dropDeparted(
  store: LiveStore, aggregator: number, keptMs: number, ask: (path: string) => Promise<unknown>,
): Promise<void> {
  const silent = store.silentSince(aggregator, store.serverNowMs() - Math.max(SILENT_MIN_MS, keptMs))
  const services = [...new Set(silent.map(series => series.service))].slice(0, SERVICES_MAX)
  for (const service of services) {
    const selector = encodeURIComponent(selectorText({ name: null, matchers: [{ label: 'service', operator: '=', value: service }] }))
    const answer = await ask(`/api/series?limit=${SERIES_LISTED_MAX}&selector=${selector}`)
    const list = readSeries(answer)
    if (list === null || list.series.length < list.total || !Array.isArray(fieldsOf(answer)['series'])) continue
    const known = new Set(list.series.map(entry => seriesIdentity(aggregator, entry)))
    store.evict(aggregator, silent.filter(series => series.service === service && !known.has(series.identity)))
  }
}
