// Series that an aggregator let go of: the stream does not say so, its list of series does.
import { fieldsOf, readSeries } from '../wire/catalog'
import type { LiveStore } from './liveStore'
import { seriesIdentity } from './series'
import { selectorText } from './selector'

/** A series that was heard of lately is not asked about. */
export const SILENT_MIN_MS = 60_000
/** What one list of series holds at most: the aggregators' own limit. */
export const SERIES_LISTED_MAX = 20_000
/** Services of one look: the next look asks about others. */
const SERVICES_MAX = 20

/** Asks about what has long been silent, and lets go of what is not known any more. `keptMs`: how far back people look now. */
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
    store.leave(aggregator, silent.filter(series => series.service === service && !known.has(series.identity)))
  }
}
