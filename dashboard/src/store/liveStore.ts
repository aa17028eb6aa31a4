import { FLAG_BACKFILL, FLAG_BACKFILL_END } from '../wire/frame'
import type { FromWorker, WireSubscription } from '../wire/messages'
import { Aggregator } from './aggregator'
import { applyFrame } from './applyFrame'
import { GapLog } from './gapLog'
import { LatencyLedger } from './ledger'
import type { LiveSeries } from './series'

/** Kept at least, so that a pause or a step back has something to show. */
const RETENTION_MIN_MS = 120_000
/** The longest window that the page offers. */
const RETENTION_MAX_MS = 86_400_000 * 1.05
/** Series of no subscription are kept this long: people go back and forth between pages. */
const UNWANTED_KEPT_MS = 30_000
const PROBLEMS_MAX = 20

export type Problem = { readonly aggregator: number, readonly atMs: number, readonly message: string }

/** A subscription and the series that belong to it: the others may be removed. */
export type Subscription = WireSubscription & {
  readonly matches: (series: LiveSeries) => boolean
  /** Shown as a chart: what is older than the stream is read from the history. */
  readonly charted?: boolean
}

/** Everything that the page knows of the running system. Plain memory: no React, no timers. */
export class LiveStore {
  readonly aggregators: readonly Aggregator[]
  readonly ledger = new LatencyLedger()
  readonly gaps = new GapLog()
  readonly problems: Problem[] = []
  /** Grows when series come or go. */
  catalogVersion = 0
  /** Grows when the state of a connection changes. */
  phaseVersion = 0
  retentionMs = RETENTION_MIN_MS
  /** Called after a change that did not come in a frame. */
  onChange: () => void = () => undefined
  #subscriptions: readonly Subscription[] = []
  readonly #unwantedSince = new Map<LiveSeries, number>()
  readonly #nowMs: () => number

  constructor(addresses: readonly string[], nowMs: () => number) {
    this.aggregators = addresses.map((address, index) => new Aggregator(index, address, this.ledger))
    this.#nowMs = nowMs
  }

  /** The aggregators' clock: that of the first one that is connected. */
  serverNowMs(pageMs: number = this.#nowMs()): number {
    return pageMs + this.offsetMs
  }

  get offsetMs(): number {
    const connected = this.aggregators.find(aggregator => aggregator.phase.kind === 'open') ?? this.aggregators[0]
    return connected?.offsetMs ?? 0
  }

  get shiftVersion(): number {
    let version = 0
    for (const aggregator of this.aggregators) version += aggregator.shiftVersion
    return version
  }

  * series(): Generator<LiveSeries> {
    for (const aggregator of this.aggregators) yield* aggregator.series
  }

  /** Keeps at least what a window needs that begins `sinceMs` ago. */
  retain(sinceMs: number): void {
    this.retentionMs = Math.min(RETENTION_MAX_MS, Math.max(sinceMs * 1.2, RETENTION_MIN_MS))
  }

  subscribe(subscriptions: readonly Subscription[]): void {
    this.#subscriptions = subscriptions
    for (const aggregator of this.aggregators) {
      if (aggregator.recall(series => subscriptions.some(subscription => subscription.matches(series)))) this.catalogVersion++
      aggregator.reaccept()
    }
  }

  receive(message: FromWorker): void {
    const aggregator = this.aggregators[message.aggregator]
    if (aggregator === undefined) return
    switch (message.type) {
      case 'frame':
        this.#frame(aggregator, message)
        return
      case 'clock':
        aggregator.offsetMs = message.offsetMs
        aggregator.roundTripMs = message.roundTripMs
        return
      case 'settled':
        // Frames of dropped subscriptions may have arrived since the change; from here on none will.
        aggregator.reaccept()
        return
      case 'phase':
        this.#enter(aggregator, message.phase)
        break
      case 'session':
        if (aggregator.greet(message.session) === 'restarted') {
          const nowMs = this.serverNowMs()
          this.gaps.close(aggregator.index, nowMs)
          const fromMs = Number.isNaN(aggregator.newestMs) ? nowMs : aggregator.newestMs
          this.gaps.add(aggregator.index, fromMs, nowMs, `${aggregator.address} was restarted`)
        }
        this.catalogVersion++
        break
      case 'series':
        aggregator.declare(message.series)
        this.catalogVersion++
        break
      case 'rate':
        aggregator.laggingRate = message.reason === 'lagging' ? message.rate : 0
        aggregator.reaccept()
        this.phaseVersion++
        break
      case 'gap':
        this.#problem(aggregator, `${message.samples} samples were left out of the stream: ${message.reason}.`)
        break
      case 'problem':
        this.#problem(aggregator, message.message)
        break
    }
    this.onChange()
  }

  get subscriptions(): readonly Subscription[] {
    return this.#subscriptions
  }

  /** Called after painting. */
  settle(): void {
    for (const aggregator of this.aggregators) aggregator.settle()
  }

  /** Removes series of no subscription. Called about once a second. */
  sweep(): void {
    const nowMs = this.#nowMs()
    for (const aggregator of this.aggregators) {
      for (const series of [...aggregator.series]) {
        if (this.#subscriptions.some(subscription => subscription.matches(series))) {
          this.#unwantedSince.delete(series)
          continue
        }
        const sinceMs = this.#unwantedSince.get(series)
        if (sinceMs === undefined) {
          this.#unwantedSince.set(series, nowMs)
        } else if (nowMs - sinceMs > UNWANTED_KEPT_MS) {
          this.#unwantedSince.delete(series)
          aggregator.forget(series)
          this.catalogVersion++
        }
      }
    }
  }

  /** Series of an aggregator without a sample since `sinceMs`, whether subscribed to or not. */
  silentSince(aggregator: number, sinceMs: number): LiveSeries[] {
    return [...this.aggregators[aggregator]?.series ?? []].filter(series => !(series.newestMs + series.source.shiftMs >= sinceMs))
  }

  /** Removes series that their aggregator has evicted. */
  evict(aggregator: number, series: readonly LiveSeries[]): void {
    for (const one of series) this.aggregators[aggregator]?.evict(one)
    if (series.length > 0) this.catalogVersion++
  }

  #frame(aggregator: Aggregator, message: FromWorker & { type: 'frame' }): void {
    const { index } = message
    const arrivedMs = message.arrivedMs + aggregator.offsetMs
    applyFrame(aggregator, message.buffer, index, arrivedMs, this.serverNowMs() - this.retentionMs)
    aggregator.frames++
    aggregator.samples += index.sampleCount
    aggregator.overwrittenSamples += index.overwrittenCount
    if ((index.flags & FLAG_BACKFILL) === 0) {
      aggregator.tick = Math.max(aggregator.tick, index.tick)
      aggregator.backfilling = false
      if (index.sampleCount > 0) {
        this.gaps.close(aggregator.index, index.baseMs)
        aggregator.newestMs = Math.max(Number.isNaN(aggregator.newestMs) ? 0 : aggregator.newestMs, index.framedMs)
      }
    } else {
      aggregator.backfilling = (index.flags & FLAG_BACKFILL_END) === 0
    }
  }

  #enter(aggregator: Aggregator, phase: Aggregator['phase']): void {
    aggregator.phase = phase
    this.phaseVersion++
    if (phase.kind === 'lost' || phase.kind === 'stalled') {
      const sinceMs = phase.sinceMs + aggregator.offsetMs
      this.gaps.open(aggregator.index, Number.isNaN(aggregator.newestMs) ? sinceMs : aggregator.newestMs, `no connection to ${aggregator.address}`)
    }
  }

  #problem(aggregator: Aggregator, message: string): void {
    this.problems.push({ aggregator: aggregator.index, atMs: this.serverNowMs(), message })
    if (this.problems.length > PROBLEMS_MAX) this.problems.shift()
  }
}
