// @vitest-environment happy-dom
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { useUi } from './uiState'
import { entry, TestPage } from './testPage'

let page: TestPage

beforeEach(async () => {
  page = new TestPage()
  await page.open()
})
afterEach(() => page.close())

const at = (...ms: number[]) => ms.map(one => one * 1e6)

async function showService(): Promise<void> {
  await page.connect()
  await page.declare(entry(1, 'rps'), entry(2, 'error_rate'), entry(3, 'inflight'), entry(4, 'queue_depth'))
  await page.declare(entry(9, 'latency', 'a-1', 'checkout', 'histogram'))
  useUi.getState().openService('checkout')
  await page.paint()
  await page.frame({
    gauges: [{ firstSeries: 1, times: at(-20, 0), values: [[1280, 1284], [0.004, 0.004], [7, 8], [41, 42]] }],
    histograms: [{ series: 9, time: 0, scale: 6, positiveOffset: 64 * 5, positive: [100] }],
    stamps: [{ source: 1, recorded: -20e6, received: -10e6, clockOffset: 3e6 }],
  })
  await page.paint()
}

describe('the page', () => {
  it('says that it connects, and to what', () => {
    expect(page.text('main')).toContain('http://box:8080')
    expect(document.querySelector('[data-badge]')?.getAttribute('data-state')).toBe('connecting')
  })

  it('says what to do when there is nothing yet', async () => {
    await page.connect()
    expect(page.text('main')).toContain('No agent has connected yet. Start one:')
    expect(page.text('main code')).toBe('dotnet run --project SimAgent')
  })

  it('says why there is no connection, and offers to try now', async () => {
    const reason = 'Cannot reach \'http://box:8080\'.'
    await page.receive({ type: 'phase', aggregator: 0, phase: { kind: 'lost', sinceMs: 0, retryAtMs: 0, reason } })
    expect(page.text('main [role="status"]')).toContain('Cannot reach')
    expect(document.querySelector('[role="alert"]')).toBeNull()
    await page.click('main button')
    expect(page.posted.at(-1)).toEqual({ type: 'retry' })
  })

  it('asks for a token where viewing is protected, and uses it', async () => {
    page.status = { kind: 'unauthorized' }
    await page.receive({ type: 'phase', aggregator: 0, phase: { kind: 'lost', sinceMs: 0, retryAtMs: 0, reason: 'Cannot reach it.' } })
    await page.paint()
    const input = document.querySelector<HTMLInputElement>('[role="alert"] input')!
    input.value = 'secret'
    await page.click('[role="alert"] button')
    expect(page.posted.slice(-2)).toEqual([{ type: 'token', token: 'secret' }, { type: 'retry' }])
    await page.connect()
    expect(document.querySelector('[role="alert"]')).toBeNull()
  })

  it('lists services with their figures, and opens one', async () => {
    await page.connect()
    expect(page.subscriptions()).toContain('rps')
    await page.declare(entry(1, 'rps'), entry(2, 'error_rate'), entry(3, 'rps', 'b-1', 'payments'), entry(4, 'error_rate', 'b-1', 'payments'))
    await page.frame({ gauges: [{ firstSeries: 1, times: at(0), values: [[100], [0.5], [300], [0]] }] })
    await page.paint()
    expect([...document.querySelectorAll('tr[data-service]')].map(row => row.getAttribute('data-service'))).toEqual(['checkout', 'payments'])
    expect(page.text('tr[data-service="checkout"]')).toContain('50.0')
    await page.click('tr[data-service="payments"] button')
    expect(useUi.getState()).toMatchObject({ page: 'service', service: 'payments' })
    expect(page.subscriptions()).toContain('rps{service="payments"}')
  })

  it('reads the newest values of a service', async () => {
    await showService()
    expect(page.text('[data-readout="throughput"]').replace('\u2009', ' ')).toBe('1 284')
    expect(document.querySelector('[data-readout="throughput"]')?.getAttribute('data-value')).toBe('1284')
    expect(page.text('[data-readout="errors"]')).toBe('0.40')
    expect(page.text('[data-readout="latency-p99"]')).toMatch(/^32\./)
    expect(page.text('#panel-latency h2')).toContain('±1.1 %')
    expect(page.text('tr[data-instance="a-1"]')).toContain('live')
    expect(page.text('tr[data-instance="a-1"]')).toContain('3.00')
    expect(page.text('tr[data-instance="a-1"]')).toContain('12')
  })

  it('lists the other series, and draws one when it is clicked', async () => {
    await showService()
    const other = '[aria-label="Other metrics"] button'
    expect(page.text(other)).toContain('queue_depth')
    await page.click(other)
    await page.paint()
    expect(document.querySelector('canvas[data-chart="queue_depth"]')).not.toBeNull()
    expect(page.subscriptions()).toContain('queue_depth{service="checkout"}')
    expect(page.text('[data-readout="queue_depth"]')).toBe('42.0')
  })

  it('shows one instance when its name is clicked', async () => {
    await showService()
    await page.click('tr[data-instance="a-1"] button')
    expect(useUi.getState().instance).toBe('a-1')
  })

  it('says which metric a service does not send, in place of its chart', async () => {
    await page.connect()
    await page.declare(entry(1, 'rps'))
    useUi.getState().openService('checkout')
    await page.paint()
    await page.paint()
    expect(page.text('#panel-latency [role="status"]')).toContain('sends no metric “latency”')
    expect(document.querySelector('#panel-throughput [role="status"]')).toBeNull()
  })

  it('acknowledges what it has dealt with', async () => {
    await showService()
    expect(page.posted.filter(message => message.type === 'ack').at(-1)).toMatchObject({ aggregator: 0, tick: 1 })
  })

  it('wants nothing while it is hidden, and the same as before when it is shown again', async () => {
    await showService()
    const before = page.subscriptions()
    page.live.setHidden(true)
    expect(page.subscriptions()).toEqual([])
    page.live.setHidden(false)
    expect(page.subscriptions()).toEqual(before)
  })

  it('shows a loss that follows live data, and keeps the table', async () => {
    await showService()
    await page.receive({ type: 'phase', aggregator: 0, phase: { kind: 'lost', sinceMs: 0, retryAtMs: 0, reason: 'Gone.' } })
    await page.paint()
    expect(document.querySelector('[data-badge]')?.getAttribute('data-state')).toBe('disconnected')
    expect(page.text('tr[data-instance="a-1"]')).toContain('no connection')
    expect(page.text('[role="alert"]')).toContain('Gone. The last picture stays')
    await page.connect()
    expect(document.querySelector('[data-badge]')?.getAttribute('data-state')).toBe('live')
  })

  it('shows a stall, and a slower class', async () => {
    await showService()
    await page.receive({ type: 'rate', aggregator: 0, rate: 15, reason: 'lagging' })
    expect(page.text('[data-badge]')).toContain('catching up at 15 Hz')
    await page.receive({ type: 'phase', aggregator: 0, phase: { kind: 'stalled', sinceMs: page.live.loop.nowMs() - 3000 } })
    expect(page.text('[data-badge]')).toContain('stalled for 3 s')
  })
})

describe('keys', () => {
  beforeEach(() => showService())

  it('Space pauses and resumes', async () => {
    await page.press(' ')
    expect(page.live.viewport.live).toBe(false)
    await page.press(' ')
    expect(page.live.viewport.live).toBe(true)
  })

  it('arrows pan, plus and minus zoom, L is live again', async () => {
    await page.press('ArrowLeft')
    expect(page.live.viewport.live).toBe(false)
    await page.press('l')
    expect(page.live.viewport.live).toBe(true)
    const { spanMs } = page.live.viewport
    await page.press('+')
    expect(page.live.viewport.spanMs).toBeLessThan(spanMs)
    await page.press('-')
    expect(page.live.viewport.spanMs).toBeCloseTo(spanMs, 6)
  })

  it('numbers open pages and enlarge charts', async () => {
    await page.press('6')
    expect(useUi.getState().large).toBe('latency')
    expect(document.querySelector('#panel-latency')?.getAttribute('data-large')).toBe('true')
    await page.press('Escape')
    expect(useUi.getState().large).toBeNull()
    await page.press('1')
    expect(useUi.getState().page).toBe('overview')
  })

  it('slash searches, and Enter opens what was found', async () => {
    await page.press('/')
    const input = document.querySelector('input')!
    expect([...document.querySelectorAll('[role="option"]')].map(option => option.textContent)).toContain('checkoutservice')
    await page.press('Enter', input)
    expect(useUi.getState()).toMatchObject({ search: false, service: 'checkout' })
  })

  it('a question mark shows the sheet, T changes the theme', async () => {
    await page.press('?')
    expect(document.querySelector('dialog[aria-label="Keys"]')?.hasAttribute('open')).toBe(true)
    useUi.getState().setHelp(false)
    await page.press('t')
    expect(useUi.getState().theme).toBe('dark')
  })

  it('letters typed into the search are letters', async () => {
    await page.press('/')
    await page.press('t', document.querySelector('input')!)
    expect(useUi.getState().theme).toBe('system')
  })
})
