// A stand-in for an aggregator with synthetic services, for work on the page alone and for its measurements:
//   node dev/fake-aggregator.mjs --port 8090 --services 2 --instances 2 --metrics 3
// It speaks proto/frame.md, and nothing of the real one's care: no lag handling, no bounds.
import { createServer } from 'vite'

const options = Object.fromEntries(process.argv.slice(2).join(' ').split('--').filter(Boolean).map(text => text.trim().split(/[ =]/)))
const vite = await createServer({ server: { middlewareMode: true, hmr: false, ws: false, watch: null }, appType: 'custom', logLevel: 'error' })
const { serve } = await vite.ssrLoadModule('/dev/fakeAggregator.ts')
serve({
  port: Number(options.port ?? 8090), services: Number(options.services ?? 2), instances: Number(options.instances ?? 2),
  metrics: Number(options.metrics ?? 2), clockSkewMs: Number(options.skew ?? 0),
})
