// @vitest-environment happy-dom
import { act } from 'react'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { entry, TestPage } from './testPage'
import { useUi } from './uiState'

let page: TestPage

beforeEach(async () => {
  page = new TestPage()
  await page.open()
})
afterEach(() => page.close())

const at = (...ms: number[]) => ms.map(one => one * 1e6)
const listed = (name: string, kind = 'gauge') => ({ service: 'checkout', instance: 'a-1', name, kind, unit: '1', labels: { queue: 'a' } })

/** Lets what was asked over HTTP arrive. */
async function answered(): Promise<void> {
  await act(async () => {
    for (let i = 0; i < 10; i++) await Promise.resolve()
  })
  await page.paint()
}

describe('Explore', () => {
  beforeEach(async () => {
    page.answers.set('/api/series', { total: 2, series: [listed('queue_depth'), listed('latency', 'histogram')] })
    await page.connect()
    useUi.getState().open('explore')
    await answered()
  })

  it('asks for a metric, and lists what there is', () => {
    expect(page.text('main [role="status"]')).toContain('Pick a metric')
    expect([...document.querySelectorAll('[role="option"]')].map(option => option.textContent)).toEqual(['latencyhistogram · 1 · 1 series', 'queue_depthgauge · 1 · 1 series'])
  })

  it('draws what was typed, with its statistics, and changes it', async () => {
    const input = document.querySelector<HTMLInputElement>('[role="combobox"]')!
    await page.run(() => {
      Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, 'value')!.set!.call(input, 'depth')
      input.dispatchEvent(new Event('input', { bubbles: true }))
    })
    await page.press('Enter', input)
    expect(useUi.getState().queries.map(query => query.selector)).toEqual(['queue_depth'])
    expect(page.subscriptions()).toEqual(['queue_depth'])
    await page.declare({ ...entry(1, 'queue_depth'), labels: { queue: 'a' } }, { ...entry(2, 'queue_depth'), labels: { queue: 'b' } })
    await page.frame({ gauges: [{ firstSeries: 1, times: at(-20, 0), values: [[1, 3], [10, 20]] }] })
    await page.paint()
    expect([...document.querySelectorAll('tr[data-line]')].map(row => row.getAttribute('data-line'))).toEqual([
      'queue_depth{queue="a"} checkout/a-1', 'queue_depth{queue="b"} checkout/a-1',
    ])
    await page.run(() => useUi.getState().changeQuery(0, { split: '', combine: 'sum' }))
    await page.paint()
    expect(document.querySelector('[data-readout="explore-queue_depth"]')?.getAttribute('data-value')).toBe('23')
  })

  it('leaves a line out, draws one alone, and says so when nothing is left', async () => {
    await page.run(() => useUi.getState().addQuery('queue_depth'))
    await page.declare({ ...entry(1, 'queue_depth'), labels: { queue: 'a' } })
    await page.frame({ gauges: [{ firstSeries: 1, times: at(0), values: [[3]] }] })
    await page.paint()
    await page.click('tr[data-line] button')
    expect(useUi.getState().hidden).toEqual(['explore/0:queue_depth{queue="a"} checkout/a-1'])
    await page.paint()
    expect(page.text('#panel-explore [role="status"]')).toContain('Every line is left out')
    await page.click('tr[data-line] button')
    expect(useUi.getState().hidden).toEqual([])
    useUi.getState().isolateLine('explore/x')
    expect(useUi.getState().only).toBe('explore/x')
    useUi.getState().toggleLine('explore/y')
    expect(useUi.getState()).toMatchObject({ only: null, hidden: [] })
  })

  it('shows samples as a table', async () => {
    await page.run(() => useUi.getState().addQuery('queue_depth'))
    await page.declare({ ...entry(1, 'queue_depth'), labels: { queue: 'a' } })
    await page.frame({ gauges: [{ firstSeries: 1, times: at(-20, 0), values: [[1, 3]] }] })
    await page.run(() => useUi.getState().setTable(true))
    await page.paint()
    expect(page.text('[data-samples] thead')).toContain('queue_depth')
  })

  it('says what is wrong with a selector, and what matches nothing', async () => {
    await page.run(() => useUi.getState().addQuery('queue_depth{'))
    expect(page.text('[data-query] [role="alert"]')).toContain('At character')
    expect(page.text('#panel-explore [role="status"]')).toContain('No series matches')
  })
})

describe('System', () => {
  it('shows every aggregator, its agents and their ledgers', async () => {
    page.answers.set('/api/status', {
      phase: 'serving', version: '1.2.3+abc', storage: { series: 42, series_max: 100 },
      agents: [{ service: 'checkout', instance: 'a-1', report: { recorded: 10, acknowledged: 8, pending: 1, dropped: { full: 1 }, sdk: 'x', clock_offset_ns: 2e6 } }],
    })
    await page.connect()
    await page.run(() => useUi.getState().open('system'))
    await answered()
    expect(page.text('[data-aggregator="http://box:8080"] h2')).toContain('serving')
    expect(page.text('[data-fact="series"]')).toBe('42')
    expect(page.text('[data-agent="checkout/a-1"]')).toContain('adds up')
    expect(page.text('[data-agent="checkout/a-1"]').replace('\u2009', ' ')).toContain('2.00 ms')
    expect(page.subscriptions()).toEqual([])
  })

  it('shows one that is down as down', async () => {
    await page.run(() => useUi.getState().open('system'))
    await page.receive({ type: 'phase', aggregator: 0, phase: { kind: 'lost', sinceMs: 0, retryAtMs: 0, reason: 'Cannot reach it.' } })
    await answered()
    expect(page.text('[data-aggregator] h2')).toContain('down')
    expect(page.text('[data-aggregator] h2')).toContain('Cannot reach it.')
  })
})

describe('a service that sends none of the standard metrics', () => {
  it('is listed, and can be opened', async () => {
    page.answers.set('/api/services', { services: [{ name: 'foreign', series: 3, live: 1, instances: [{ name: 'x' }] }] })
    await page.connect()
    await answered()
    expect(page.text('tr[data-service="foreign"]')).toContain('live')
    await page.click('tr[data-service="foreign"] button')
    expect(useUi.getState()).toMatchObject({ page: 'service', service: 'foreign' })
    await page.paint()
    expect([...document.querySelectorAll('select option')].map(option => option.textContent)).toContain('foreign')
  })
})

describe('several aggregators', () => {
  let both: TestPage
  beforeEach(async () => {
    await page.close()
    both = new TestPage(['http://a:8080', 'http://b:8080'])
    await both.open()
    for (const aggregator of [0, 1]) {
      await both.receive({ type: 'phase', aggregator, phase: { kind: 'open' } }, { type: 'session', aggregator, session: 7n })
    }
    for (const aggregator of [0, 1]) {
      await both.receive({ type: 'series', aggregator, series: [entry(1, 'rps', aggregator === 0 ? 'a-1' : 'b-1')] })
    }
    await both.run(() => useUi.getState().openService('checkout'))
    await both.paint()
    for (const aggregator of [0, 1]) {
      await both.frame({ gauges: [{ firstSeries: 1, times: at(-20, 0), values: [[100, 100 + aggregator]] }] }, aggregator)
    }
    await both.paint()
  })
  afterEach(async () => {
    await both.close()
    page = new TestPage()
    await page.open()
  })

  it('are merged, and their instances stand side by side', () => {
    expect(document.querySelector('[data-readout="throughput"]')?.getAttribute('data-value')).toBe('201')
    expect([...document.querySelectorAll('tr[data-instance]')].map(row => row.getAttribute('data-instance'))).toEqual(['a-1', 'b-1'])
  })

  it('one that is down is shown as down, and the others go on', async () => {
    const lost = { kind: 'lost', sinceMs: 0, retryAtMs: 0, reason: 'Cannot reach \'http://b:8080\'.' } as const
    await both.receive({ type: 'phase', aggregator: 1, phase: lost })
    await both.frame({ gauges: [{ firstSeries: 1, times: at(0), values: [[300]] }] })
    await both.paint()
    expect(both.text('[data-badge]')).toContain('live 1 of 2 aggregators')
    await both.receive({ type: 'rate', aggregator: 0, rate: 15, reason: 'lagging' })
    expect(both.text('[data-badge]')).toContain('catching up at 15 Hz, 1 of 2 aggregators')
    await both.receive({ type: 'rate', aggregator: 0, rate: 60, reason: 'recovered' })
    expect(both.text('[role="alert"]')).toContain('Cannot reach \'http://b:8080\'')
    expect(both.text('tr[data-instance="b-1"]')).toContain('no connection')
    expect(both.text('tr[data-instance="a-1"]')).toContain('live')
    expect(both.text('tr[data-instance="a-1"]')).toContain('300')
  })
})

describe('the way to Grafana', () => {
  const link = () => document.querySelector<HTMLAnchorElement>('a[href*="observability-service"]')

  it('is there where an aggregator says where Grafana runs, with the service, the instance and the window', async () => {
    page.status = { kind: 'agents', agents: [], grafana: 'http://box:3001' }
    await page.connect()
    await page.declare(entry(1, 'rps'))
    await page.frame({ gauges: [{ firstSeries: 1, times: at(0), values: [[3]] }] })
    await page.run(() => useUi.getState().openService('checkout'))
    await answered()
    const url = new URL(link()!.href)
    expect([url.origin, url.pathname, url.searchParams.get('var-service'), url.searchParams.get('var-instance')])
      .toEqual(['http://box:3001', '/d/observability-service/service', 'checkout', null])
    expect(Number(url.searchParams.get('to')) - Number(url.searchParams.get('from'))).toBeCloseTo(page.live.viewport.spanMs, -1)
    await page.run(() => useUi.getState().openInstance('a-1'))
    await page.paint()
    expect(new URL(link()!.href).searchParams.get('var-instance')).toBe('a-1')
  })

  it('is not there otherwise', async () => {
    await page.connect()
    await page.declare(entry(1, 'rps'))
    await page.run(() => useUi.getState().openService('checkout'))
    await answered()
    expect(link()).toBeNull()
  })
})
