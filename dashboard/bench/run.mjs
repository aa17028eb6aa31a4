// Prints what a frame costs. See README.md.
import { existsSync } from 'node:fs'
import { chromium } from 'playwright-core'
import { build, preview } from 'vite'
import react from '@vitejs/plugin-react'

const seconds = Number(process.env.SECONDS ?? 5)
const lineCounts = (process.env.LINES ?? '10,50,100,200,1000').split(',').map(Number)
const wallCounts = (process.env.WALLS ?? '1000,10000').split(',').filter(text => text !== '').map(Number)
const only = process.env.ONLY?.split(',')
/** Recharts makes an object a line and point: with more of them one frame takes many seconds. */
const RECHARTS_LINES_MAX = 50
const executablePath = process.env.CHROMIUM_PATH ?? ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(existsSync)

// As it is served to people: React's development build alone would be several times slower.
const config = { root: import.meta.dirname, configFile: false, plugins: [react()], logLevel: 'error', build: { target: 'es2022' }, preview: { port: 0 } }
await build(config)
const server = await preview(config)
const { port } = server.httpServer.address()
const browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu', '--disable-quic'] })
console.log(`${browser.version()}, headless, no GPU; ${seconds} s each; 1200 x 500 px, 600 points a line, a new point a line and frame\n`)
console.log('painter    series    fps   painted/s   script ms/frame   task ms/frame')

const cases = [
  ...lineCounts.flatMap(lines => ['ours', 'uplot', 'recharts'].map(painter => ({ painter, lines }))),
  ...wallCounts.map(lines => ({ painter: 'wall', lines })),
].filter(({ painter, lines }) => (only?.includes(painter) ?? true) && !(painter === 'recharts' && lines > RECHARTS_LINES_MAX))

for (const { painter, lines } of cases) {
  const page = await browser.newPage({ viewport: { width: 1280, height: 720 } })
  page.on('pageerror', error => console.log(`${painter} ${lines}: ${error.message}`))
  try {
    await page.goto(`http://localhost:${port}/?with=${painter}&lines=${lines}`)
    await page.waitForFunction(() => globalThis.bench?.painted > 2, undefined, { timeout: 60_000 })
    const devtools = await page.context().newCDPSession(page)
    await devtools.send('Performance.enable')
    const metrics = async () => Object.fromEntries((await devtools.send('Performance.getMetrics')).metrics.map(({ name, value }) => [name, value]))
    await page.waitForTimeout(1000)
    const [before, first] = [await metrics(), await page.evaluate(() => ({ ...globalThis.bench }))]
    await page.waitForTimeout(seconds * 1000)
    const [after, last] = [await metrics(), await page.evaluate(() => ({ ...globalThis.bench }))]
    const elapsed = after.Timestamp - before.Timestamp
    const frames = last.frames - first.frames
    const perFrame = name => ((after[name] - before[name]) * 1000 / Math.max(1, frames)).toFixed(2)
    const perSecond = name => ((last[name] - first[name]) / elapsed).toFixed(1)
    console.log(`${painter.padEnd(9)}${String(lines).padStart(8)}${perSecond('frames').padStart(7)}${perSecond('painted').padStart(12)}${perFrame('ScriptDuration').padStart(18)}${perFrame('TaskDuration').padStart(16)}`)
  } catch (error) {
    console.log(`${painter.padEnd(9)}${String(lines).padStart(8)}   ${error.message.split('\n')[0]}`)
  }
  await page.close()
}
await browser.close()
await server.close()
