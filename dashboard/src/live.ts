// The page's running parts, put together: wire -> store -> paint. Nothing here knows React.
import { PaintLoop, type LoopOptions } from './paint/loop'
import { readTheme } from './paint/theme'
import { Viewport } from './paint/viewport'
import { Agents } from './store/agents'
import { LiveStore, type Wish } from './store/liveStore'
import { Overview } from './store/overview'
import { WireClient, type WorkerLike } from './wire/client'
import type { FromWorker } from './wire/messages'
import { pageClock, pageOriginNs } from './wire/pageClock'
import type { StatusResult } from './wire/status'

/** People read figures four times a second, and no more often. */
export const READ_EVERY_MS = 250
const SWEEP_EVERY_READS = 4
const STATUS_EVERY_READS = 20

export type LiveOptions = {
  readonly addresses: readonly string[]
  readonly worker: WorkerLike
  readonly wallClockMs: number
  readonly requestFrame: LoopOptions['requestFrame']
  readonly afterFrame: LoopOptions['afterFrame']
  readonly readStatus: (address: string, token: string | null) => Promise<StatusResult>
  readonly themeStyle: () => { getPropertyValue(name: string): string }
}

export class Live {
  readonly store: LiveStore
  readonly viewport = new Viewport()
  readonly loop: PaintLoop
  readonly agents = new Agents()
  readonly overview: Overview
  readonly originEpochMs: number
  readonly #wire: WireClient
  readonly #originNs: bigint
  readonly #addresses: readonly string[]
  readonly #listeners = new Set<() => void>()
  #wishes: readonly Wish[] = []
  /** Called when a token was given. */
  onToken: (token: string | null) => void = () => undefined
  /** An aggregator asks for a token, or refused the one given. */
  tokenWanted = false
  readonly #readStatus: LiveOptions['readStatus']
  /** Aggregators whose status cannot be read: asked again after their next greeting, not every few seconds. */
  readonly #statusUnreadable = new Set<number>()
  #token: string | null = null
  #hidden = false
  #reads = 0
  #ticks = 0
  #timer: ReturnType<typeof setInterval> | undefined

  constructor(options: LiveOptions) {
    this.#originNs = pageOriginNs(options.wallClockMs)
    this.originEpochMs = Number(this.#originNs / 1_000_000n)
    this.#addresses = options.addresses
    const nowMs = pageClock(this.#originNs)
    this.store = new LiveStore(options.addresses, nowMs)
    this.overview = new Overview(this.store)
    this.#readStatus = options.readStatus
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
    this.#wire.open(this.#addresses, this.#originNs)
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

  /** Which series the page wants. While it is hidden it wants none. */
  wish(wishes: readonly Wish[]): void {
    this.#wishes = wishes
    this.store.wish(wishes)
    if (!this.#hidden) this.#tellWishes()
  }

  setHidden(hidden: boolean): void {
    if (hidden === this.#hidden) return
    this.#hidden = hidden
    if (hidden) this.#wire.wish([])
    else this.#tellWishes()
  }

  retry(): void {
    this.#wire.retry()
  }

  /** Where viewing is protected: for the live stream and for what is read over HTTP. */
  setToken(token: string | null): void {
    this.#token = token
    this.tokenWanted = false
    this.#statusUnreadable.clear()
    this.onToken(token)
    this.#wire.setToken(token)
    this.#wire.retry()
    this.#notify()
  }

  /** What is read off charts: the crosshair's instant, or now. */
  readAtMs(): number {
    return this.viewport.cursorMs ?? this.loop.frame.edgeMs
  }

  /** Outside the four times a second, because a person moved the crosshair. */
  readSoon(): void {
    this.#notify()
  }

  #receive(message: FromWorker): void {
    this.store.receive(message)
    if (message.type === 'session') {
      this.tokenWanted = false
      this.#statusUnreadable.delete(message.aggregator)
      void this.#status(message.aggregator)
    } else if (message.type === 'phase' && message.phase.kind === 'lost' && this.store.aggregators[message.aggregator]?.session === null) {
      // A browser does not say why a WebSocket was refused; the same address over HTTP does.
      void this.#status(message.aggregator)
    }
  }

  async #status(aggregator: number): Promise<void> {
    const address = this.#addresses[aggregator]
    if (address === undefined || this.#statusUnreadable.has(aggregator)) return
    const result = await this.#readStatus(address, this.#token)
    if (result.kind === 'agents') this.agents.set(aggregator, result.agents)
    else if (result.kind === 'unauthorized') this.tokenWanted = true
    else this.#statusUnreadable.add(aggregator)
  }

  #tellWishes(): void {
    this.#wire.wish(this.#wishes.map(({ key, selector, rate, backfillMs }) => ({ key, selector, rate, backfillMs })))
  }

  #read(): void {
    if (this.#ticks % SWEEP_EVERY_READS === 0) this.store.sweep()
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
