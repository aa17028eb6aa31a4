import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { bearerProtocol, Connection, DEAD_AFTER_MS, socketUrl, STALLED_AFTER_MS, SUBPROTOCOL, type SocketLike } from './connection'
import { FLAG_BACKFILL } from './frame'
import type { ConnectionPhase, FromWorker, WireSubscription } from './messages'
import { encodeFrame } from './testFrames'

class FakeSocket implements SocketLike {
  binaryType = ''
  protocol: string = SUBPROTOCOL
  onopen: (() => void) | null = null
  onmessage: ((event: { data: unknown }) => void) | null = null
  onclose: ((event: { code: number, reason: string }) => void) | null = null
  onerror: (() => void) | null = null
  readonly sent: Record<string, unknown>[] = []
  closedWith: number | undefined

  constructor(readonly url: string, readonly protocols: string[]) {}

  send(text: string): void {
    this.sent.push(JSON.parse(text) as Record<string, unknown>)
  }

  close(code?: number): void {
    this.closedWith = code
  }

  say(message: object): void {
    this.onmessage?.({ data: JSON.stringify(message) })
  }

  greet(session = '7'): void {
    this.onopen?.()
    this.say({ type: 'hello', version: 1, session, server_ns: '0' })
  }

  frame(session = 7n): void {
    this.onmessage?.({ data: encodeFrame({ session }) })
  }

  of(type: string): Record<string, unknown>[] {
    return this.sent.filter(message => message['type'] === type)
  }
}

const subscription: WireSubscription = { key: 'rps@60', selector: 'rps', rate: 60, backfillMs: 60_000 }

function setUp() {
  const sockets: FakeSocket[] = []
  const posted: FromWorker[] = []
  let failure: string | null = null
  const connection = new Connection({
    aggregator: 0, address: 'http://box:8080', originNs: 0n, nowMs: () => Date.now(), random: () => 1,
    openSocket: (url, protocols) => {
      if (failure !== null) throw new Error(failure)
      const socket = new FakeSocket(url, protocols)
      sockets.push(socket)
      return socket
    },
    post: message => posted.push(message),
  })
  return {
    connection, sockets, posted,
    socket: () => sockets.at(-1)!,
    fail: (message: string) => { failure = message },
    phases: () => posted.filter(message => message.type === 'phase').map(message => (message as { phase: ConnectionPhase }).phase.kind),
    problems: () => posted.filter(message => message.type === 'problem').map(message => (message as { message: string }).message),
  }
}

beforeEach(() => {
  vi.useFakeTimers()
  vi.setSystemTime(1_000_000)
})
afterEach(() => vi.useRealTimers())

describe('Connection', () => {
  it('subscribes once it was greeted, and to what is added later', () => {
    const { connection, socket } = setUp()
    connection.subscribe([subscription])
    connection.open()
    expect(socket().url).toBe('ws://box:8080/ws')
    expect(socket().of('subscribe')).toEqual([])
    socket().greet()
    expect(socket().of('subscribe')).toEqual([{ type: 'subscribe', id: 1, selector: 'rps', rate: 60, backfill_ms: 60_000 }])
    connection.subscribe([subscription, { ...subscription, key: 'latency@60', selector: 'latency' }])
    expect(socket().of('subscribe')).toHaveLength(2)
    connection.subscribe([{ ...subscription, key: 'latency@60', selector: 'latency' }])
    expect(socket().of('unsubscribe')).toEqual([{ type: 'unsubscribe', id: 1 }])
  })

  it('passes a checked frame on, and its buffer with it', () => {
    const { connection, socket, posted } = setUp()
    connection.open()
    socket().greet()
    const buffer = encodeFrame({ session: 7n, tick: 3 })
    socket().onmessage?.({ data: buffer })
    const frame = posted.at(-1)
    expect(frame).toMatchObject({ type: 'frame', aggregator: 0, index: { tick: 3 } })
    expect(frame?.type === 'frame' && frame.buffer).toBe(buffer)
  })

  it.each([
    ['a malformed frame', (socket: FakeSocket) => socket.onmessage?.({ data: new ArrayBuffer(8) }), 'Cannot read the frame'],
    ['a frame of another session', (socket: FakeSocket) => socket.onmessage?.({ data: encodeFrame({ session: 8n }) }), 'another session'],
    ['text that is no JSON', (socket: FakeSocket) => socket.onmessage?.({ data: '{' }), 'it is not JSON'],
    ['another version', (socket: FakeSocket) => socket.say({ type: 'hello', version: 2, session: '7' }), 'Reload the page'],
  ])('ends the connection over %s, says why, and connects again', (_name, hurt, reason) => {
    const { connection, socket, sockets, problems, phases } = setUp()
    connection.open()
    socket().greet()
    hurt(socket())
    expect(problems().at(-1)).toContain(reason)
    expect(sockets[0]?.closedWith).toBe(4002)
    expect(phases().at(-1)).toBe('lost')
    vi.advanceTimersByTime(300)
    expect(sockets).toHaveLength(2)
  })

  it('refuses a server that does not select the subprotocol', () => {
    const { connection, socket, problems } = setUp()
    connection.open()
    socket().protocol = ''
    socket().onopen?.()
    expect(problems()[0]).toContain(SUBPROTOCOL)
  })

  it('backs off exponentially while nothing answers, and resets after a connection that lasted', () => {
    const { connection, sockets, posted } = setUp()
    connection.open()
    const delays: number[] = []
    for (let attempt = 0; attempt < 8; attempt++) {
      sockets.at(-1)?.onclose?.({ code: 1006, reason: '' })
      const phase = posted.findLast(message => message.type === 'phase')?.phase
      if (phase?.kind !== 'lost') throw new Error('not lost')
      delays.push(phase.retryAtMs - Date.now())
      vi.advanceTimersByTime(delays.at(-1)!)
    }
    expect(delays).toEqual([250, 500, 1000, 2000, 4000, 8000, 10_000, 10_000])
    sockets.at(-1)?.greet()
    for (let s = 0; s < 5; s++) {
      vi.advanceTimersByTime(1000)
      sockets.at(-1)?.say({ type: 'heartbeat', tick: 1, server_ns: '0' })
    }
    const opened = sockets.length
    sockets.at(-1)?.onclose?.({ code: 1006, reason: '' })
    vi.advanceTimersByTime(250)
    expect(sockets).toHaveLength(opened + 1)
  })

  it('keeps the moment of the loss through failing attempts', () => {
    const { connection, sockets, posted } = setUp()
    connection.open()
    sockets[0]?.greet()
    vi.advanceTimersByTime(1000)
    sockets[0]?.onclose?.({ code: 1006, reason: '' })
    const lostAtMs = Date.now()
    vi.advanceTimersByTime(250)
    sockets[1]?.onclose?.({ code: 1006, reason: '' })
    const phase = posted.findLast(message => message.type === 'phase')?.phase
    expect(phase).toMatchObject({ kind: 'lost', sinceMs: lostAtMs })
  })

  it('retries at once when asked to', () => {
    const { connection, sockets } = setUp()
    connection.open()
    sockets[0]?.onclose?.({ code: 1006, reason: '' })
    connection.retry()
    expect(sockets).toHaveLength(2)
    vi.advanceTimersByTime(200)
    expect(sockets).toHaveLength(2)
  })

  it('survives an address that cannot be opened', () => {
    const { connection, fail, posted } = setUp()
    fail('bad port')
    connection.open()
    expect(posted.at(-1)).toMatchObject({ type: 'phase', phase: { kind: 'lost', reason: 'Cannot connect to \'http://box:8080\': bad port' } })
  })

  it('shows a lost connection as stalled after two missed beats, and live again with the next', () => {
    const { connection, socket, phases } = setUp()
    connection.open()
    socket().greet()
    vi.advanceTimersByTime(STALLED_AFTER_MS - 300)
    expect(phases().at(-1)).toBe('open')
    vi.advanceTimersByTime(600)
    expect(phases().at(-1)).toBe('stalled')
    socket().say({ type: 'pong', t: 1, server_ns: '1' })
    expect(phases().at(-1)).toBe('open')
  })

  it('gives a silent connection up', () => {
    const { connection, socket, sockets, phases } = setUp()
    connection.open()
    socket().greet()
    vi.advanceTimersByTime(DEAD_AFTER_MS + 300)
    expect(sockets[0]?.closedWith).toBe(4008)
    expect(phases()).toContain('lost')
  })

  it('gives up on a server that never greets', () => {
    const { connection, sockets } = setUp()
    connection.open()
    sockets[0]?.onopen?.()
    vi.advanceTimersByTime(5500)
    expect(sockets[0]?.closedWith).toBe(4008)
    expect(sockets).toHaveLength(2)
  })

  it('resumes after a reconnect from the newest painted sample, with some overlap', () => {
    const { connection, sockets } = setUp()
    connection.subscribe([subscription])
    connection.open()
    sockets[0]?.greet()
    connection.ack(5, 999_000)
    sockets[0]?.onclose?.({ code: 1006, reason: '' })
    vi.advanceTimersByTime(300)
    sockets[1]?.greet('8')
    expect(sockets[1]?.of('subscribe')).toEqual([{ type: 'subscribe', id: 2, selector: 'rps', rate: 60, from_ns: '997000000000' }])
  })

  it('asks for the whole backfill when the loss lasted longer than that', () => {
    const { connection, sockets } = setUp()
    connection.subscribe([subscription])
    connection.open()
    sockets[0]?.greet()
    connection.ack(5, 999_000)
    sockets[0]?.onclose?.({ code: 1006, reason: '' })
    vi.setSystemTime(1_100_000)
    connection.retry()
    sockets[1]?.greet()
    expect(sockets[1]?.of('subscribe')[0]).toMatchObject({ backfill_ms: 60_000 })
  })

  it('resumes what a hidden page had taken back', () => {
    const { connection, socket } = setUp()
    connection.subscribe([subscription])
    connection.open()
    socket().greet()
    connection.ack(5, 999_000)
    connection.subscribe([])
    connection.subscribe([subscription])
    expect(socket().of('unsubscribe')).toHaveLength(1)
    expect(socket().of('subscribe')[1]).toMatchObject({ from_ns: '997000000000' })
  })

  it('reports when the last frame of dropped subscriptions has arrived: with the answer to a ping sent after them', () => {
    const { connection, socket, posted } = setUp()
    const slower = { ...subscription, key: 'rps@5', rate: 5 }
    connection.subscribe([subscription])
    connection.open()
    socket().greet()
    const early = socket().of('ping').at(-1)
    vi.setSystemTime(1_000_010)
    connection.subscribe([slower])
    const late = socket().of('ping').at(-1)
    socket().say({ type: 'pong', t: early?.['t'], server_ns: '1000000000000' })
    expect(posted.some(message => message.type === 'settled')).toBe(false)
    socket().frame()
    socket().say({ type: 'pong', t: late?.['t'], server_ns: '1000000000000' })
    expect(posted.at(-1)).toEqual({ type: 'settled', aggregator: 0 })
    connection.subscribe([slower, subscription])
    expect(socket().of('ping').at(-1)).toBe(late)
  })

  it('acknowledges only where it was greeted', () => {
    const { connection, socket } = setUp()
    connection.open()
    connection.ack(1, 0)
    socket().greet()
    socket().frame()
    socket().frame()
    connection.ack(2, 0)
    expect(socket().of('ack')).toEqual([{ type: 'ack', tick: 2 }])
  })

  it('acknowledges every second frame, with the newest tick', () => {
    const { connection, socket } = setUp()
    connection.open()
    socket().greet()
    for (let tick = 1; tick <= 6; tick++) {
      socket().frame()
      connection.ack(tick, 0)
    }
    expect(socket().of('ack').map(ack => ack['tick'])).toEqual([2, 4, 6])
  })

  it('estimates the clock from its pings', () => {
    const { connection, socket, posted } = setUp()
    connection.open()
    socket().greet()
    const ping = socket().of('ping')[0]
    vi.setSystemTime(1_000_010)
    socket().say({ type: 'pong', t: ping?.['t'], server_ns: '1005005000000' })
    expect(posted.at(-1)).toEqual({ type: 'clock', aggregator: 0, offsetMs: 5000, roundTripMs: 10 })
  })

  it('reports a new session before anything of it', () => {
    const { connection, sockets, posted } = setUp()
    connection.open()
    sockets[0]?.greet('7')
    sockets[0]?.onclose?.({ code: 1001, reason: '' })
    vi.advanceTimersByTime(300)
    sockets[1]?.greet('9')
    sockets[1]?.onmessage?.({ data: encodeFrame({ session: 9n, flags: FLAG_BACKFILL }) })
    const kinds = posted.filter(message => message.type === 'session' || message.type === 'frame')
    expect(kinds.map(message => (message.type === 'session' ? message.session : 'frame'))).toEqual([7n, 9n, 'frame'])
  })

  it('does not listen to a socket that it has left', () => {
    const { connection, sockets, posted } = setUp()
    connection.open()
    const late = sockets[0]!.onmessage!
    sockets[0]?.greet()
    sockets[0]?.onclose?.({ code: 1006, reason: '' })
    const before = posted.length
    late({ data: '{"type":"heartbeat","server_ns":"1"}' })
    expect(posted).toHaveLength(before)
  })
})

it('sends a token as a second subprotocol', () => {
  const { connection, socket } = setUp()
  connection.setToken('schlüssel?>')
  connection.open()
  expect(socket().protocols).toEqual([SUBPROTOCOL, 'bearer.c2NobMO8c3NlbD8-'])
  expect(bearerProtocol('a')).toBe('bearer.YQ')
})

it('turns an address into that of its live stream', () => {
  expect(socketUrl('http://box:8080')).toBe('ws://box:8080/ws')
  expect(socketUrl('https://box')).toBe('wss://box/ws')
})
