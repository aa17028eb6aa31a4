// npm install @grpc/grpc-js @grpc/proto-loader
import grpc from '@grpc/grpc-js'
import { loadSync } from '@grpc/proto-loader'

const [address = 'localhost:9000', apiKey = ''] = process.argv.slice(2)
const { telemetry } = grpc.loadPackageDefinition(loadSync('proto/telemetry.proto', { keepCase: true, defaults: true }))
const client = new telemetry.v1.TelemetryIngestor(address, grpc.credentials.createInsecure())
const metadata = new grpc.Metadata()
if (apiKey) metadata.set('x-api-key', apiKey)

const call = client.StreamTelemetry(metadata, (error, ack) => {
  console.log(error ? `failed: ${error.message}` : `received ${ack.received}, rejected ${ack.rejected} ${ack.message}`)
  client.close()
})
let i = 0
const timer = setInterval(() => {                                          // ten seconds at 50 Hz
  const sample = { timestamp_ns: (BigInt(Date.now()) * 1000000n).toString(), gauge: 20 + (i % 50) }
  const metric = { name: 'queue_depth', labels: { queue: 'orders' }, unit: '1', samples: [sample] }
  call.write({ service: 'javascript-demo', instance: 'a-1', metrics: [metric] })
  if (++i === 500) { clearInterval(timer); call.end() }
}, 20)
