// The page's running parts, put together: wire -> store -> paint. Nothing here knows React.
import { PaintLoop, type LoopOptions } from './paint/loop'
import { readTheme } from './paint/theme'
import { Viewport } from './paint/viewport'
import { Agents } from './store/agents'
import { Catalog } from './store/catalog'
import { dropDeparted, SERIES_LISTED_MAX } from './store/departed'
import { History } from './store/history'
import { LiveStore, type Subscription } from './store/liveStore'
import { Overview } from './store/overview'
import { readSeries, readServices } from './wire/catalog'
import { WireClient, type WorkerLike } from './wire/client'
import { fieldsOf, type sendJson } from './wire/http'
import type { FromWorker } from './wire/messages'
import { pageClock, pageOriginNs } from './wire/pageClock'
import type { StatusResult } from './wire/status'
import { readTriggers } from './wire/triggers'

/** People read figures four times a second, and no more often. */
export const READ_EVERY_MS = 250
const SWEEP_EVERY_READS = 4
const STATUS_EVERY_READS = 20
const SERVICES_EVERY_READS = 8
const DEPARTED_EVERY_READS = 80

export type LiveOptions = {
  readonly addresses: readonly string[]
  readonly worker: WorkerLike
  readonly wallClockMs: number
  readonly requestFrame: LoopOptions['requestFrame']
  readonly afterFrame: LoopOptions['afterFrame']
  readonly readStatus: (address: string, token: string | null) => Promise<StatusResult>
  /** Anything else that an aggregator answers over HTTP; null when it cannot be read now. */
  readonly getJson: (address: string, path: string, token: string | null) => Promise<unknown>
  readonly sendJson: typeof sendJson
  readonly themeStyle: () => { getPropertyValue(name: string): string }
}

export class Live {
  readonly store: LiveStore
  readonly viewport = new Viewport()
  readonly loop: PaintLoop
  readonly agents = new Agents()
  readonly catalog = new Catalog()
  readonly overview: Overview
  readonly history: History
  readonly originEpochMs: number
  readonly originNs: bigint
  readonly #wire: WireClient
  readonly #addresses: readonly string[]
  readonly #listeners = new Set<() => void>()
  #subscriptions: readonly Subscription[] = []
  /** Called when a token was entered. */
  onToken: (token: string | null) => void = () => undefined
  /** An aggregator requires a token, or refused the one given. */
  tokenRequired = false
  readonly #readStatus: LiveOptions['readStatus']
  readonly #getJson: LiveOptions['getJson']
  readonly #send: LiveOptions['sendJson']
  /** Aggregators whose status cannot be read: asked again after their next greeting, not every few seconds. */
  readonly #statusUnreadable = new Set<number>()
  #token: string | null = null
  readonly #firing = new Map<number, number>()
  readonly #grafana = new Map<number, string>()
  #hidden = false
  /** The name that the list of series was last asked for; null: never. */
  #listed: string | null = null
  #reads = 0
  #ticks = 0
  #timer: ReturnType<typeof setInterval> | undefined

  constructor(options: LiveOptions) {
    this.originNs = pageOriginNs(options.wallClockMs)
    this.originEpochMs = Number(this.originNs / 1_000_000n)
    this.#addresses = options.addresses
    const nowMs = pageClock(this.originNs)
    this.store = new LiveStore(options.addresses, nowMs)
    this.overview = new Overview(this.store, this.catalog)
    this.history = new History(this.store, this.originNs, (aggregator, path) => this.getJson(aggregator, path))
    this.#readStatus = options.readStatus
    this.#getJson = options.getJson
    this.#send = options.sendJson
    this.#wire = new WireClient(options.worker, message => this.#receive(message))
    this.loop = new PaintLoop({
      store: this.store, viewport: this.viewport, nowMs, originEpochMs: this.originEpochMs,
      readTheme: () => readTheme(options.themeStyle()),
      requestFrame: options.requestFrame,
      afterFrame: options.afterFrame,
      acknowledge: (aggregator, tick, newestMs) => this.#wire.ack(aggregator, tick, newestMs),
    })
    this.store.onChange = () => this.#notify()
  }

  start(): void {
    this.#wire.open(this.#addresses, this.originNs)
    this.loop.start()
    this.#timer = setInterval(() => this.#read(), READ_EVERY_MS)
  }

  stop(): void {
    this.loop.stop()
    clearInterval(this.#timer)
  }

  /** Called when something that people read may have changed: `READ_EVERY_MS` apart, and when a connection changes. */
  onRead = (listener: () => void): (() => void) => {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  get reads(): number {
    return this.#reads
  }

  /** Replaces the page's subscriptions. While the page is hidden, none are open. */
  subscribe(subscriptions: readonly Subscription[]): void {
    this.#subscriptions = subscriptions
    this.store.subscribe(subscriptions)
    if (!this.#hidden) this.#subscribe()
  }

  setHidden(hidden: boolean): void {
    if (hidden === this.#hidden) return
    this.#hidden = hidden
    if (hidden) this.#wire.subscribe([])
    else this.#subscribe()
  }

  retry(): void {
    this.#wire.retry()
  }

  /** The token for viewing, where that is protected: for the stream and for HTTP. */
  setToken(token: string | null): void {
    this.#token = token
    this.tokenRequired = false
    this.#statusUnreadable.clear()
    this.onToken(token)
    this.#wire.setToken(token)
    this.#wire.retry()
    this.#notify()
  }

  /** How many rules fire now. */
  get firing(): number {
    return [...this.#firing.values()].reduce((sum, count) => sum + count, 0)
  }

  /** The Grafana for a service: that of an aggregator with this service, else any. */
  grafanaOf(service: string): string | null {
    for (const series of this.store.series()) {
      const address = series.service === service ? this.#grafana.get(series.aggregator) : undefined
      if (address !== undefined) return address
    }
    return this.#grafana.values().next().value ?? null
  }

  get hidden(): boolean {
    return this.#hidden
  }

  /** GET of one aggregator, with the token in use. */
  getJson(aggregator: number, path: string): Promise<unknown> {
    return this.#getJson(this.#addresses[aggregator] ?? '', path, this.#token)
  }

  /** Changes something at one aggregator. Returns why it was refused, in the aggregator's words; empty when it was done. */
  async change(aggregator: number, method: 'POST' | 'PUT' | 'DELETE', path: string, body?: unknown): Promise<string> {
    const address = this.#addresses[aggregator] ?? ''
    try {
      const response = await this.#send(address, method, path, this.#token, body)
      if (response.ok) return ''
      const problem = fieldsOf(await response.json().catch(() => null))
      return typeof problem['detail'] === 'string' ? problem['detail'] : `'${address}' answered ${response.status}.`
    } catch {
      return `Cannot reach '${address}'.`
    }
  }

  /** Reads the list of series into the catalog: all, or, where they are too many, those whose names contain `named`. */
  async listSeries(named = ''): Promise<void> {
    this.#listed = named
    const selector = named === '' ? '{}' : `{__name__=~".*${regexText(named)}.*"}`
    await Promise.all(this.store.aggregators.map(async ({ index }) => {
      const list = readSeries(await this.getJson(index, `/api/series?limit=${SERIES_LISTED_MAX}&selector=${encodeURIComponent(selector)}`))
      if (list !== null) this.catalog.setSeries(index, list)
    }))
    this.#notify()
  }

  /** The instant at which figures are read: the crosshair's, or now. */
  readAtMs(): number {
    return this.viewport.cursorMs ?? this.loop.frame.edgeMs
  }

  /** At once, because a person moved the crosshair. */
  readSoon(): void {
    this.#notify()
  }

  #receive(message: FromWorker): void {
    this.store.receive(message)
    if (message.type === 'session') {
      this.tokenRequired = false
      this.#statusUnreadable.delete(message.aggregator)
      void this.#status(message.aggregator)
      void this.#services(message.aggregator)
      if (this.#listed !== null) void this.listSeries(this.#listed)
    } else if (message.type === 'phase' && message.phase.kind === 'lost' && this.store.aggregators[message.aggregator]?.session === null) {
      // A browser does not say why a WebSocket was refused; the same address over HTTP does.
      void this.#status(message.aggregator)
    }
  }

  async #status(aggregator: number): Promise<void> {
    const address = this.#addresses[aggregator]
    if (address === undefined || this.#statusUnreadable.has(aggregator)) return
    const result = await this.#readStatus(address, this.#token)
    if (result.kind === 'agents') {
      if (result.grafana === null) this.#grafana.delete(aggregator)
      else this.#grafana.set(aggregator, result.grafana)
      // Seconds late: the status is read now and then.
      const nowMs = this.store.serverNowMs()
      for (const { service, instance } of this.agents.set(aggregator, result.agents)) {
        this.store.gaps.add(aggregator, nowMs, nowMs, `${service}/${instance} was started again`)
      }
    } else if (result.kind === 'unauthorized') this.tokenRequired = true
    else this.#statusUnreadable.add(aggregator)
  }

  async #firings(aggregator: number): Promise<void> {
    const triggers = readTriggers(await this.getJson(aggregator, '/api/triggers'))
    if (triggers !== null) this.#firing.set(aggregator, triggers.rules.filter(rule => rule.state === 'firing').length)
  }

  async #services(aggregator: number): Promise<void> {
    const services = readServices(await this.getJson(aggregator, '/api/services'))
    if (services !== null) this.catalog.setServices(aggregator, services)
  }

  #subscribe(): void {
    this.#wire.subscribe(this.#subscriptions.map(({ key, selector, rate, backfillMs }) => ({ key, selector, rate, backfillMs })))
  }

  #read(): void {
    if (!this.#hidden) {
      const rightMs = this.viewport.edgeMs(this.loop.nowMs())
      this.history.look({ leftMs: rightMs - this.viewport.spanMs, rightMs, version: this.viewport.version }, performance.now())
    }
    if (this.#ticks % SWEEP_EVERY_READS === 0) this.store.sweep()
    if (this.#ticks % SERVICES_EVERY_READS === 0 && !this.#hidden) {
      for (const { index, phase } of this.store.aggregators) {
        if (phase.kind !== 'open') continue
        void this.#services(index)
        void this.#firings(index)
      }
    }
    if (this.#ticks % DEPARTED_EVERY_READS === 0 && !this.#hidden && this.viewport.live) {
      for (const { index, phase } of this.store.aggregators) {
        if (phase.kind === 'open') void dropDeparted(this.store, index, this.viewport.spanMs, path => this.getJson(index, path))
      }
    }
    if (this.#ticks++ % STATUS_EVERY_READS === 0 && !this.#hidden) {
      for (const { index, phase } of this.store.aggregators) if (phase.kind === 'open') void this.#status(index)
    }
    this.#notify()
  }

  #notify(): void {
    this.#reads++
    for (const listener of this.#listeners) listener()
  }
}

/** For a regular expression within a selector's quotes. */
function regexText(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&').replaceAll('\\', '\\\\').replaceAll('"', '\\"')
}
