import type { SeriesEntry } from '../wire/control'
import type { ConnectionPhase } from '../wire/messages'
import type { LatencyLedger } from './ledger'
import { LiveSeries, seriesIdentity, type Source } from './series'

/** Smaller changes of an agent's clock offset do not move its lines: estimates vary, and lines must not tremble. */
export const CLOCK_SHIFT_STEP_MS = 10

/** One aggregator as the page knows it. Ids live as long as a session; series live as long as something subscribes to them. */
export class Aggregator {
  phase: ConnectionPhase = { kind: 'connecting' }
  session: bigint | null = null
  byId: (LiveSeries | undefined)[] = []
  /** Series with rows that the painter has not seen. */
  readonly touched: LiveSeries[] = []
  readonly sources = new Map<number, Source>()
  readonly #byIdentity = new Map<string, LiveSeries>()
  /**
   * Series removed because nothing subscribed to them, without their rows, by id. An aggregator declares each series once per connection:
   * a later subscription finds them here.
   */
  readonly #forgotten = new Map<number, LiveSeries>()
  /** Aggregator's clock minus the page's. */
  offsetMs = 0
  roundTripMs = Number.NaN
  /** The newest tick applied, to acknowledge after painting. */
  tick = 0
  ackedTick = 0
  newestMs = Number.NaN
  /** The slowest class that the server moved this page to; 0 while it serves what was asked. */
  laggingRate = 0
  backfilling = false
  frames = 0
  samples = 0
  overwrittenSamples = 0
  undeclaredSamples = 0
  /** Grows when an agent's clock shift changes: everything drawn is then out of place. */
  shiftVersion = 0

  constructor(readonly index: number, readonly address: string, readonly ledger: LatencyLedger) {}

  get series(): Iterable<LiveSeries> {
    return this.#byIdentity.values()
  }

  /** A greeting. Ids are declared again on every connection; a new session also means that the aggregator has lost its memory. */
  greet(session: bigint): 'same' | 'first' | 'restarted' {
    const before = this.session
    this.session = session
    this.byId = []
    this.#forgotten.clear()
    this.sources.clear()
    this.tick = this.ackedTick = 0
    this.laggingRate = 0
    this.reaccept()
    return before === null ? 'first' : before === session ? 'same' : 'restarted'
  }

  declare(entries: readonly SeriesEntry[]): void {
    for (const entry of entries) {
      const source = this.#source(entry)
      const identity = seriesIdentity(this.index, entry)
      let series = this.#byIdentity.get(identity)
      if (series === undefined) {
        series = new LiveSeries(this.index, entry, source)
        this.#byIdentity.set(identity, series)
      }
      series.source = source
      if (entry.unit !== '') series.unit = entry.unit
      this.byId[entry.id] = series
    }
  }

  /** Drops its rows, because nothing subscribes to it. */
  forget(series: LiveSeries): void {
    this.#byIdentity.delete(series.identity)
    for (const id of Object.keys(this.byId).map(Number)) {
      if (this.byId[id] !== series) continue
      this.byId[id] = undefined
      this.#forgotten.set(id, series.emptied())
    }
  }

  /** The aggregator has evicted it: nothing will come under this id again. */
  evict(series: LiveSeries): void {
    this.#byIdentity.delete(series.identity)
    for (const id of Object.keys(this.byId).map(Number)) if (this.byId[id] === series) this.byId[id] = undefined
  }

  /** Brings back forgotten series that are subscribed to now. True when there were any. */
  recall(isWanted: (series: LiveSeries) => boolean): boolean {
    let recalled = false
    for (const [id, series] of this.#forgotten) {
      if (!isWanted(series)) continue
      this.#forgotten.delete(id)
      this.byId[id] = series
      this.#byIdentity.set(series.identity, series)
      recalled = true
    }
    return recalled
  }

  /** What was new has been painted. */
  settle(): void {
    for (const series of this.touched) {
      series.touched = false
      series.column?.settle()
      series.histogram?.settle()
    }
    this.touched.length = 0
  }

  /** After a change of subscriptions or classes: whatever comes next decides which class feeds a series. */
  reaccept(): void {
    for (const series of this.#byIdentity.values()) series.acceptedRate = 0
  }

  stamp(sourceId: number, recordedMs: number, receivedMs: number, framedMs: number, _arrivedMs: number, clockOffsetMs: number): void {
    const source = this.sources.get(sourceId)
    if (source === undefined) return
    source.clockOffsetMs = clockOffsetMs
    source.newestRecordedMs = recordedMs
    const target = Math.abs(clockOffsetMs) < CLOCK_SHIFT_STEP_MS ? 0 : clockOffsetMs
    if (target !== source.shiftMs && Math.abs(target - source.shiftMs) >= CLOCK_SHIFT_STEP_MS) {
      source.shiftMs = target
      this.shiftVersion++
    }
    this.ledger.note(recordedMs + clockOffsetMs, receivedMs, framedMs)
  }

  #source(entry: SeriesEntry): Source {
    let source = this.sources.get(entry.source)
    if (source === undefined) {
      source = {
        id: entry.source, service: entry.service, instance: entry.instance, clockOffsetMs: 0, shiftMs: 0, newestRecordedMs: Number.NaN,
      }
      this.sources.set(entry.source, source)
    }
    return source
  }
}
