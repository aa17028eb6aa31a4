import { WebSocketServer, type WebSocket } from 'ws'
import { FLAG_BACKFILL, FLAG_BACKFILL_END } from '../src/wire/frame'
import { encodeFrame, type FrameSpec, type GroupSpec, type HistogramSpec } from '../src/wire/testFrames'

type Options = { port: number, services: number, instances: number, metrics: number, clockSkewMs: number }
type ClientMessage = { type: string, t: number, id: number, selector: string, rate: number, from_ns?: string, backfill_ms: number }
type Subscription = { id: number, name: string | null, service: string | null, rate: number }
type Row = { atMs: number, gauges: number[], buckets: Map<number, number> }
type Agent = { source: number, firstId: number, service: string, instance: string, rows: Row[] }

const PUSH_MS = 20
const HISTORY_ROWS = 4096
const SCALE = 5
const GAUGES = ['rps', 'error_rate', 'inflight', 'latency_p50', 'latency_p95', 'latency_p99']
const NAMES = ['checkout', 'payments', 'search', 'catalog', 'users', 'mail', 'orders', 'stock']
const session = BigInt(Date.now()) * 1000n

export function serve(options: Options): void {
  const agents: Agent[] = []
  const perAgent = GAUGES.length + options.metrics + 1
  for (let s = 0; s < options.services; s++) {
    for (let i = 0; i < options.instances; i++) {
      const service = NAMES[s] ?? `service-${s}`
      agents.push({ source: agents.length + 1, firstId: agents.length * perAgent + 1, service, instance: `${service}-${i + 1}`, rows: [] })
    }
  }
  const now = () => Date.now() + options.clockSkewMs
  for (const agent of agents) {
    for (let back = HISTORY_ROWS - 1; back > 0; back--) agent.rows.push(makeRow(agent, now() - back * PUSH_MS, options.metrics))
  }
  const server = new WebSocketServer({ port: options.port, handleProtocols: () => 'telemetry.v1.binary' })
  server.on('connection', socket => connect(socket, agents, options, now))
  setInterval(() => {
    for (const agent of agents) {
      for (let next = (agent.rows.at(-1)?.atMs ?? now()) + PUSH_MS; next <= now(); next += PUSH_MS) {
        agent.rows.push(makeRow(agent, next, options.metrics))
        if (agent.rows.length > HISTORY_ROWS) agent.rows.shift()
      }
    }
  }, 5)
  console.log(`fake aggregator on http://localhost:${options.port}`)
}

function connect(socket: WebSocket, agents: Agent[], options: Options, now: () => number): void {
  const subscriptions = new Map<number, Subscription>()
  const sentMs = new Map<number, number>()
  let tick = 1
  const say = (message: object) => socket.send(JSON.stringify(message))
  say({ type: 'hello', version: 1, session: String(session), server_ns: String(BigInt(now()) * 1000000n), rates: [60, 30, 15, 5, 1] })
  socket.on('message', data => {
    const message = JSON.parse((data as Buffer).toString()) as ClientMessage
    if (message.type === 'ping') say({ type: 'pong', t: message.t, server_ns: String(BigInt(Math.round(now() * 1e6))) })
    if (message.type === 'unsubscribe') subscriptions.delete(message.id)
    if (message.type === 'subscribe') {
      const match = /^([a-z_0-9:]*)(?:\{service="([^"]*)"\})?$/.exec(message.selector)
      const subscription = { id: message.id, name: match?.[1] === '' ? null : match?.[1] ?? null, service: match?.[2] ?? null, rate: message.rate }
      const matching = agents.filter(agent => subscription.service === null || agent.service === subscription.service)
      say({ type: 'series', series: matching.flatMap(agent => dictionary(agent, options.metrics)) })
      say({ type: 'subscribed', id: message.id, rate: message.rate, series: 1, from_ns: '0', tick })
      const fromMs = message.from_ns ? Number(BigInt(message.from_ns) / 1000000n) : now() - message.backfill_ms
      socket.send(frame(matching, [subscription], fromMs, now(), message.rate, tick, FLAG_BACKFILL | FLAG_BACKFILL_END, options, now))
      subscriptions.set(message.id, subscription)
    }
  })
  const timer = setInterval(() => {
    tick++
    for (const rate of new Set([...subscriptions.values()].map(subscription => subscription.rate))) {
      const from = sentMs.get(rate) ?? now() - 1000 / rate
      sentMs.set(rate, from)
      if (now() - from < 990 / rate) continue
      sentMs.set(rate, now())
      const wanted = [...subscriptions.values()].filter(subscription => subscription.rate === rate)
      socket.send(frame(agents, wanted, from, now(), rate, tick, 0, options, now))
    }
  }, 1000 / 60)
  socket.on('close', () => clearInterval(timer))
}

function makeRow(agent: Agent, atMs: number, metrics: number): Row {
  const seconds = atMs / 1000 + agent.source
  const rps = 300 + 80 * Math.sin(seconds / 7) + 40 * Math.sin(seconds / 1.3) + 20 * Math.random()
  const slow = Math.sin(seconds / 11) > 0.9 ? 4 : 1
  const errorRate = slow > 1 ? 0.04 + 0.01 * Math.random() : 0.002
  const buckets = new Map<number, number>()
  for (let n = Math.round(rps * PUSH_MS / 1000 + Math.random()); n > 0; n--) {
    const latency = 9 * slow * Math.exp(0.55 * gaussian())
    const bucket = Math.ceil(Math.log2(latency) * 2 ** SCALE) - 1
    buckets.set(bucket, (buckets.get(bucket) ?? 0) + 1)
  }
  const others = Array.from({ length: metrics }, (_, i) => 50 + 40 * Math.sin(seconds / (2 + i)) + 5 * Math.random())
  return { atMs, gauges: [rps, errorRate, Math.round(rps * 0.01 * slow), 9 * slow, 22 * slow, 33 * slow, ...others], buckets }
}

function gaussian(): number {
  return Math.sqrt(-2 * Math.log(1 - Math.random())) * Math.cos(2 * Math.PI * Math.random())
}

function dictionary(agent: Agent, metrics: number): object[] {
  const names = [...GAUGES, ...Array.from({ length: metrics }, (_, i) => `queue_depth_${i + 1}`), 'latency']
  return names.map((name, slot) => ({
    id: agent.firstId + slot, source: agent.source, service: agent.service, instance: agent.instance, name, labels: {},
    kind: name === 'latency' ? 'histogram' : 'gauge', unit: name.startsWith('latency') ? 'ms' : name === 'rps' ? '1/s' : '1',
  }))
}

function frame(
  agents: Agent[], wanted: Subscription[], fromMs: number, toMs: number, rate: number, tick: number, flags: number, options: Options,
  now: () => number,
): ArrayBuffer {
  const names = [...GAUGES, ...Array.from({ length: options.metrics }, (_, i) => `queue_depth_${i + 1}`), 'latency']
  const gauges: GroupSpec[] = []
  const histograms: HistogramSpec[] = []
  const stamps: FrameSpec['stamps'] = []
  for (const agent of agents) {
    const rows = agent.rows.filter(row => row.atMs > fromMs && row.atMs <= toMs)
    const own = wanted.filter(one => one.service === null || one.service === agent.service)
    const has = (name: string) => own.some(one => one.name === null || one.name === name)
    if (rows.length === 0 || !names.some(has)) continue
    const times = rows.map(row => (row.atMs - toMs) * 1e6)
    names.forEach((name, slot) => {
      if (!has(name)) return
      if (name !== 'latency') gauges.push({ firstSeries: agent.firstId + slot, times, values: [rows.map(row => row.gauges[slot]!)] })
      else for (const row of rows) histograms.push(histogram(agent.firstId + slot, row, toMs))
    })
    stamps.push({ source: agent.source, recorded: times.at(-1)!, received: times.at(-1)! + 1e6, clockOffset: 0 })
  }
  const toNs = BigInt(Math.round(toMs * 1e3)) * 1000n
  return encodeFrame({
    rateHz: rate, flags, session, tick, framedNs: BigInt(Math.round(now() * 1e6)), baseNs: toNs, gauges, histograms,
    ...(flags === 0 ? { stamps } : {}),
  })
}

function histogram(series: number, row: Row, toMs: number): HistogramSpec {
  const indexes = [...row.buckets.keys()]
  const first = indexes.length === 0 ? 0 : Math.min(...indexes)
  const length = indexes.length === 0 ? 0 : Math.max(...indexes) - first + 1
  const positive = Array.from({ length }, (_, i) => row.buckets.get(first + i) ?? 0)
  return { series, time: (row.atMs - toMs) * 1e6, scale: SCALE, positiveOffset: first, positive }
}
