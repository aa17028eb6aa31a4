import { reconnectDelayMs } from './backoff'
import { ClockEstimator } from './clock'
import { parseControl, type ControlMessage } from './control'
import { millisecondsSince, readFrame } from './frame'
import type { ConnectionPhase, FromWorker, WireSubscription } from './messages'

export const SUBPROTOCOL = 'telemetry.v1.binary'
const FRAME_FORMAT_VERSION = 1
/** An aggregator sends a heartbeat once a second: two missed ones, and half a second for a busy machine. */
export const STALLED_AFTER_MS = 2500
/** Silence after which the socket is closed: a half-open TCP connection never reports its end. */
export const DEAD_AFTER_MS = 8000
const HANDSHAKE_MAX_MS = 5000
/** A connection that has lasted this long resets the backoff. */
const STABLE_AFTER_MS = 3000
const WATCH_EVERY_MS = 250
const PING_EVERY_MS = 1000
/** The first pings follow each other quickly, so that the clock is known before the first line is read. */
const PING_FIRST_EVERY_MS = 100
const PINGS_FIRST = 5
/** Requested again when resuming: series of one aggregator do not all end at the same instant. */
const RESUME_OVERLAP_MS = 2000
/** An ack covers all frames before it. Every second frame is enough for the aggregator, and half the messages. */
const FRAMES_PER_ACK = 2
/** In the range that the WebSocket standard leaves to applications. */
const CLOSE_PROTOCOL_ERROR = 4002
const CLOSE_SILENT = 4008

/** What the connection needs of a WebSocket: tests bring their own. */
export type SocketLike = {
  binaryType: string
  readonly protocol: string
  onopen: (() => void) | null
  onmessage: ((event: { data: unknown }) => void) | null
  onclose: ((event: { code: number, reason: string }) => void) | null
  onerror: (() => void) | null
  send(text: string): void
  close(code?: number, reason?: string): void
}

export type ConnectionOptions = {
  readonly aggregator: number
  readonly address: string
  readonly originNs: bigint
  readonly openSocket: (url: string, protocols: string[]) => SocketLike
  /** The page's clock: milliseconds since its origin. */
  readonly nowMs: () => number
  readonly random: () => number
  readonly post: (message: FromWorker, transfer?: ArrayBuffer[]) => void
}

type Sent = { readonly id: number, readonly subscription: WireSubscription }

/** One aggregator: keeps a socket open, sends the page's subscriptions, and passes on checked frames. */
export class Connection {
  readonly #options: ConnectionOptions
  readonly #clock = new ClockEstimator()
  #socket: SocketLike | null = null
  #phase: ConnectionPhase = { kind: 'connecting' }
  #attempt = 0
  #session: bigint | null = null
  #greeted = false
  #greetedMs = 0
  #subscriptions: readonly WireSubscription[] = []
  readonly #sent = new Map<string, Sent>()
  /** Subscriptions served at least once: after a reconnect they resume rather than start over. */
  readonly #served = new Set<string>()
  #nextId = 1
  #newestMs = Number.NaN
  #token: string | null = null
  #heardMs = 0
  #pings = 0
  #unacked = 0
  /** The answer to a ping of this time or later arrives after every frame of the former subscriptions. */
  #settlesFromMs = Number.NaN
  #retryTimer: ReturnType<typeof setTimeout> | undefined
  #watchTimer: ReturnType<typeof setInterval> | undefined
  #pingTimer: ReturnType<typeof setTimeout> | undefined

  constructor(options: ConnectionOptions) {
    this.#options = options
  }

  open(): void {
    const { address, openSocket, nowMs } = this.#options
    clearTimeout(this.#retryTimer)
    this.#retryTimer = undefined
    this.#greeted = false
    this.#heardMs = nowMs()
    if (this.#phase.kind !== 'lost') this.#enter({ kind: 'connecting' })
    let socket: SocketLike
    try {
      socket = openSocket(socketUrl(address), this.#token === null ? [SUBPROTOCOL] : [SUBPROTOCOL, bearerProtocol(this.#token)])
    } catch (error) {
      this.#lose(`Cannot connect to '${address}': ${error instanceof Error ? error.message : 'the address is not usable'}`)
      return
    }
    socket.binaryType = 'arraybuffer'
    socket.onopen = () => this.#opened(socket)
    socket.onmessage = event => this.#received(socket, event.data)
    socket.onclose = event => this.#closed(socket, event.code, event.reason)
    socket.onerror = null
    this.#socket = socket
    this.#watchTimer = setInterval(() => this.#watch(socket), WATCH_EVERY_MS)
  }

  setToken(token: string | null): void {
    this.#token = token
  }

  /** Tries again at once, when a retry is due later: the user asked, or the network came back. */
  retry(): void {
    if (this.#retryTimer !== undefined) this.open()
  }

  close(): void {
    clearTimeout(this.#retryTimer)
    this.#detach()?.close(1000)
  }

  subscribe(subscriptions: readonly WireSubscription[]): void {
    this.#subscriptions = subscriptions
    const keys = new Set(subscriptions.map(subscription => subscription.key))
    // An empty list is a hidden page: it returns to the same subscriptions and resumes.
    if (subscriptions.length > 0) {
      for (const key of this.#served) {
        if (!keys.has(key)) this.#served.delete(key)
      }
    }
    if (!this.#greeted) return
    let dropped = false
    for (const [key, sent] of this.#sent) {
      if (keys.has(key)) continue
      this.#sent.delete(key)
      this.#send({ type: 'unsubscribe', id: sent.id })
      dropped = true
    }
    for (const subscription of subscriptions) {
      if (!this.#sent.has(subscription.key)) this.#subscribe(subscription)
    }
    if (!dropped) return
    this.#settlesFromMs = this.#options.nowMs()
    clearTimeout(this.#pingTimer)
    this.#ping()
  }

  ack(tick: number, newestMs: number): void {
    if (!Number.isNaN(newestMs)) this.#newestMs = newestMs
    if (!this.#greeted || this.#unacked < FRAMES_PER_ACK) return
    this.#unacked = 0
    this.#send({ type: 'ack', tick })
  }

  #opened(socket: SocketLike): void {
    if (socket !== this.#socket) return
    this.#heardMs = this.#options.nowMs()
    if (socket.protocol !== SUBPROTOCOL) this.#refuse(`'${this.#options.address}' does not speak ${SUBPROTOCOL}.`)
  }

  #received(socket: SocketLike, data: unknown): void {
    if (socket !== this.#socket) return
    this.#heardMs = this.#options.nowMs()
    if (typeof data === 'string') {
      const result = parseControl(data)
      if (!result.ok) {
        this.#refuse(result.error)
        return
      }
      // Any message counts as a heartbeat: the aggregator sends those only when it has nothing else to send.
      if (this.#greeted) this.#beat()
      this.#control(result.message)
    } else if (data instanceof ArrayBuffer) {
      this.#frame(data)
    } else {
      this.#refuse('Cannot read a message: it is neither text nor bytes.')
    }
  }

  #frame(buffer: ArrayBuffer): void {
    const { aggregator, originNs, post } = this.#options
    const result = readFrame(buffer, originNs)
    if (!result.ok) {
      this.#refuse(result.error)
      return
    }
    const { index } = result
    if (!this.#greeted || (BigInt(index.sessionHigh) << 32n | BigInt(index.sessionLow)) !== this.#session) {
      this.#refuse('Cannot use a frame: it belongs to another session than the greeting of this connection.')
      return
    }
    this.#beat()
    this.#unacked++
    post({ type: 'frame', aggregator, buffer, index, arrivedMs: this.#heardMs }, [buffer, index.sections.buffer])
  }

  #control(message: ControlMessage): void {
    const { aggregator, originNs, post } = this.#options
    switch (message.type) {
      case 'hello':
        this.#hello(message.version, message.session)
        break
      case 'series':
        post({ type: 'series', aggregator, series: message.series })
        break
      case 'pong':
        this.#clock.add(message.t, this.#heardMs, millisecondsSince(message.serverNs, originNs))
        post({ type: 'clock', aggregator, offsetMs: this.#clock.offsetMs, roundTripMs: this.#clock.roundTripMs })
        if (message.t >= this.#settlesFromMs) {
          this.#settlesFromMs = Number.NaN
          post({ type: 'settled', aggregator })
        }
        break
      case 'gap':
        post({ type: 'gap', aggregator, reason: message.reason, samples: message.samples })
        break
      case 'rate':
        post({ type: 'rate', aggregator, rate: message.rate, reason: message.reason })
        break
      case 'error':
        post({ type: 'problem', aggregator, message: message.message })
        break
      case 'heartbeat':
      case 'subscribed':
      case 'unknown':
        break
    }
  }

  #hello(version: number, session: bigint): void {
    if (version !== FRAME_FORMAT_VERSION) {
      this.#refuse(`The aggregator sends frames of version ${version}, and this page reads ${FRAME_FORMAT_VERSION}. Reload the page.`)
      return
    }
    const { aggregator, post } = this.#options
    if (session !== this.#session) {
      this.#session = session
      this.#clock.reset()
    }
    // Posted at every greeting: each connection declares the ids of its dictionary again.
    post({ type: 'session', aggregator, session })
    this.#greeted = true
    this.#greetedMs = this.#heardMs
    this.#beat()
    this.#sent.clear()
    this.#unacked = 0
    this.#settlesFromMs = Number.NaN
    for (const subscription of this.#subscriptions) this.#subscribe(subscription)
    this.#pings = 0
    this.#ping()
  }

  #subscribe(subscription: WireSubscription): void {
    const id = this.#nextId++
    this.#sent.set(subscription.key, { id, subscription })
    const subscribe = { type: 'subscribe', id, selector: subscription.selector, rate: subscription.rate }
    const fromMs = this.#newestMs - RESUME_OVERLAP_MS
    const oldestMs = this.#options.nowMs() + this.#clock.offsetMs - subscription.backfillMs
    const resumes = this.#served.has(subscription.key) && fromMs > oldestMs
    this.#served.add(subscription.key)
    this.#send(resumes ? { ...subscribe, from_ns: this.#toNs(fromMs) } : { ...subscribe, backfill_ms: subscription.backfillMs })
  }

  #toNs(ms: number): string {
    return (this.#options.originNs + BigInt(Math.round(ms * 1e6))).toString()
  }

  #ping(): void {
    this.#send({ type: 'ping', t: this.#options.nowMs() })
    this.#pings++
    this.#pingTimer = setTimeout(() => this.#ping(), this.#pings < PINGS_FIRST ? PING_FIRST_EVERY_MS : PING_EVERY_MS)
  }

  #send(message: object): void {
    this.#socket?.send(JSON.stringify(message))
  }

  #beat(): void {
    if (this.#phase.kind !== 'open') this.#enter({ kind: 'open' })
  }

  #watch(socket: SocketLike): void {
    if (socket !== this.#socket) return
    const nowMs = this.#options.nowMs()
    // Not at the greeting: an aggregator that greets and then sends nonsense must not be called four times a second.
    if (this.#greeted && nowMs - this.#greetedMs > STABLE_AFTER_MS) this.#attempt = 0
    if (!this.#greeted && nowMs - this.#heardMs > HANDSHAKE_MAX_MS) {
      this.#refuse(`'${this.#options.address}' did not greet within ${HANDSHAKE_MAX_MS / 1000} s.`, CLOSE_SILENT)
    } else if (this.#greeted && nowMs - this.#heardMs > DEAD_AFTER_MS) {
      this.#refuse(`'${this.#options.address}' has been silent for ${DEAD_AFTER_MS / 1000} s.`, CLOSE_SILENT)
    } else if (this.#phase.kind === 'open' && nowMs - this.#heardMs > STALLED_AFTER_MS) {
      this.#enter({ kind: 'stalled', sinceMs: this.#heardMs })
    }
  }

  /** Ends a connection that cannot be trusted any more. The next one starts from a fresh dictionary. */
  #refuse(reason: string, code = CLOSE_PROTOCOL_ERROR): void {
    const socket = this.#detach()
    socket?.close(code, reason.slice(0, 100))
    this.#options.post({ type: 'problem', aggregator: this.#options.aggregator, message: reason })
    this.#lose(reason)
  }

  #closed(socket: SocketLike, code: number, reason: string): void {
    if (socket !== this.#socket) return
    this.#detach()
    this.#lose(closeReason(this.#options.address, code, reason))
  }

  #detach(): SocketLike | null {
    const socket = this.#socket
    clearInterval(this.#watchTimer)
    clearTimeout(this.#pingTimer)
    if (socket !== null) socket.onopen = socket.onmessage = socket.onclose = null
    this.#socket = null
    this.#greeted = false
    return socket
  }

  #lose(reason: string): void {
    const nowMs = this.#options.nowMs()
    const delayMs = reconnectDelayMs(this.#attempt++, this.#options.random)
    const sinceMs = this.#phase.kind === 'lost' || this.#phase.kind === 'stalled' ? this.#phase.sinceMs : nowMs
    this.#retryTimer = setTimeout(() => this.open(), delayMs)
    this.#enter({ kind: 'lost', sinceMs, retryAtMs: nowMs + delayMs, reason })
  }

  #enter(phase: ConnectionPhase): void {
    this.#phase = phase
    this.#options.post({ type: 'phase', aggregator: this.#options.aggregator, phase })
  }
}

/** A browser cannot set headers on a WebSocket: the token travels as a subprotocol, which the server does not select. */
export function bearerProtocol(token: string): string {
  const bytes = new TextEncoder().encode(token)
  const base64 = btoa(Array.from(bytes, byte => String.fromCharCode(byte)).join(''))
  return `bearer.${base64.replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')}`
}

export function socketUrl(address: string): string {
  const url = new URL('/ws', address)
  url.protocol = url.protocol === 'https:' || url.protocol === 'wss:' ? 'wss:' : 'ws:'
  return url.href
}

function closeReason(address: string, code: number, reason: string): string {
  if (code === 1001) return `'${address}' is shutting down.`
  if (code === 1008 || code === 4401) return `'${address}' refused the page: ${reason || 'it asks for a key'}.`
  return reason === '' ? `Cannot reach '${address}'.` : `'${address}' closed the connection: ${reason}.`
}
