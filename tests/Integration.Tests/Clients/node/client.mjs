// A client that knows the .proto files and nothing of ours: runs every scenario and prints one JSON line for each.
// Usage: node client.mjs <host:port> <api key> <service name>
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import grpc from '@grpc/grpc-js'
import { loadSync } from '@grpc/proto-loader'

const [address, key, service] = process.argv.slice(2)
const here = dirname(fileURLToPath(import.meta.url))
const root = join(here, '../../../..')
const load = (path) => grpc.loadPackageDefinition(loadSync(path, { keepCase: true, longs: String, enums: String, defaults: true }))
const { telemetry } = load(join(root, 'proto/telemetry.proto'))
const { grpc: health } = load(join(here, '../health.proto'))
const { grpc: reflection } = load(join(here, '../reflection.proto'))
const Ingestor = telemetry.v1.TelemetryIngestor
const plain = grpc.credentials.createInsecure()
const open = () => new Ingestor(address, plain, { 'grpc.max_send_message_length': -1 })
const metadata = (value = key) => { const m = new grpc.Metadata(); if (value) m.set('x-api-key', value); return m }
const now = () => (BigInt(Date.now()) * 1000000n).toString()
const status = (error) => ({ code: grpc.status[error?.code ?? 0], details: error?.details ?? '' })

const gauge = (value, labels = {}) => ({ name: 'temperature', unit: 'Cel', labels, samples: [{ timestamp_ns: now(), gauge: value }] })
const batchOf = (instance, metrics, more = {}) => ({ service, instance, metrics, ...more })

function streamTelemetry(batches, options = {}, meta = metadata()) {
  return new Promise((resolve) => {
    const client = open()
    const call = client.StreamTelemetry(meta, options, (error, ack) => { client.close(); resolve({ ...status(error), ack }) })
    for (const batch of batches) call.write(batch)
    call.end()
  })
}

// A serializer of our own sends bytes that are no message, or calls a method that does not exist.
function raw(path, bytes, meta = metadata(), options = {}) {
  return new Promise((resolve) => {
    const client = new grpc.Client(address, plain)
    const call = client.makeClientStreamRequest(path, (b) => b, (b) => b, meta, options, (error) => { client.close(); resolve(status(error)) })
    if (bytes) { call.write(bytes); call.end() }
  })
}

function exchange(batches, hold) {
  return new Promise((resolve) => {
    const client = open()
    const call = client.Exchange(metadata())
    const acks = []
    let error
    const last = batches.at(-1).sequence
    call.on('data', (ack) => { acks.push(ack); if (BigInt(ack.sequence) >= BigInt(last) && !hold) call.end() })
    call.on('error', (e) => { error = e })
    call.on('status', (s) => { client.close(); resolve({ ...status(s.code ? s : error), acks }) })
    for (const batch of batches) call.write(batch)
    if (hold) hold(() => call.end(), acks)
  })
}

const scenarios = {
  async stream() {
    const batches = Array.from({ length: 10 }, (_, i) => batchOf('node-1', [
      gauge(20 + i, { room: 'kitchen', floor: '1' }),
      { name: 'boots_total', labels: {}, samples: [{ timestamp_ns: now(), counter: String(i) }] },
      { name: 'size', unit: 'By', samples: [{ timestamp_ns: now(), histogram: { count: 3, sum: 6, min: 1, max: 3, scale: 0, positive_offset: -1, positive_counts: [1, 1, 1] } }] },
    ]))
    return streamTelemetry(batches)
  },
  async gzip() {
    const batches = [batchOf('node-gzip', Array.from({ length: 50 }, (_, i) => gauge(i, { n: String(i) })))]
    return new Promise((resolve) => {
      const client = new Ingestor(address, plain, { 'grpc.default_compression_algorithm': 2 })
      const call = client.StreamTelemetry(metadata(), (error, ack) => { client.close(); resolve({ ...status(error), ack }) })
      for (const batch of batches) call.write(batch)
      call.end()
    })
  },
  async exchange() {
    const batches = Array.from({ length: 20 }, (_, i) => batchOf('node-2', [gauge(i)], { sequence: i + 1, session_id: '4242', sent_at_ns: now() }))
    return exchange(batches)
  },
  wrong_key: () => streamTelemetry([batchOf('node-3', [gauge(1)])], {}, metadata('not-the-key')),
  missing_key: () => streamTelemetry([batchOf('node-3', [gauge(1)])], {}, metadata('')),
  oversized: () => streamTelemetry([batchOf('node-3', [gauge(1, { huge: 'x'.repeat(5 * 1024 * 1024) })])]),
  malformed: () => raw('/telemetry.v1.TelemetryIngestor/StreamTelemetry', Buffer.from([0x0a, 1, 0x73, 0x12, 1, 0x69, 0x1a, 3, 0x0a, 5, 0x61])),
  unknown_method: () => raw('/telemetry.v1.TelemetryIngestor/Missing', Buffer.alloc(0)),
  unknown_service: () => raw('/nobody.v1.Nothing/Missing', Buffer.alloc(0)),
  deadline: () => raw('/telemetry.v1.TelemetryIngestor/StreamTelemetry', null, metadata(), { deadline: Date.now() + 300 }),
  async second_session() {
    let second
    const first = await exchange([batchOf('node-4', [gauge(1)], { sequence: 1, session_id: '1' })], async (end, acks) => {
      while (acks.length === 0) await new Promise((r) => setTimeout(r, 10))
      second = await exchange([batchOf('node-4', [gauge(2)], { sequence: 1, session_id: '2' })], () => {})
      end()
    })
    return { ...second, first: first.code }
  },
  health: () => new Promise((resolve) => {
    const client = new health.health.v1.Health(address, plain)
    client.Check({ service: 'telemetry.v1.TelemetryIngestor' }, metadata(), (error, reply) => { client.close(); resolve({ ...status(error), serving: reply?.status }) })
  }),
  reflection: () => new Promise((resolve) => {
    const client = new reflection.reflection.v1.ServerReflection(address, plain)
    const call = client.ServerReflectionInfo(metadata())
    const found = { services: [], files: 0 }
    call.on('data', (reply) => {
      for (const entry of reply.list_services_response?.service ?? []) found.services.push(entry.name)
      found.files += reply.file_descriptor_response?.file_descriptor_proto?.length ?? 0
    })
    call.on('error', () => {})
    call.on('status', (s) => { client.close(); resolve({ ...status(s), ...found }) })
    call.write({ list_services: '' })
    call.write({ file_containing_symbol: 'telemetry.v1.TelemetryIngestor' })
    call.end()
  }),
}

for (const [scenario, run] of Object.entries(scenarios)) {
  console.log(JSON.stringify({ scenario, ...(await run()) }))
}
