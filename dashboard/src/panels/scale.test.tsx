// @vitest-environment happy-dom
// Every page with no service, one, fifty and a thousand, and with names of two hundred characters.
import { act } from 'react'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { PAGES } from './url'
import { entry, TestPage } from './testPage'
import { useUi } from './uiState'

let page: TestPage

beforeEach(async () => {
  page = new TestPage()
  await page.open()
})
afterEach(() => page.close())

const at = (...ms: number[]) => ms.map(one => one * 1e6)
const METRICS = ['rps', 'error_rate', 'inflight']

async function answered(): Promise<void> {
  await act(async () => {
    for (let i = 0; i < 20; i++) await Promise.resolve()
  })
  await page.paint()
}

async function withServices(names: readonly string[]): Promise<void> {
  page.answers.set('/api/services', { services: names.map(name => ({ name, series: 3, live: 1, instances: [{}] })) })
  page.answers.set('/api/series', {
    total: names.length, series: names.map(service => ({ service, instance: 'a-1', name: 'rps', kind: 'gauge', unit: '1/s', labels: {} })),
  })
  page.answers.set('/api/status', { phase: 'serving', agents: names.map(service => ({ service, instance: 'a-1', report: { sdk: 'x' } })) })
  page.answers.set('/api/triggers', { version: 1, can_edit: true, webhooks: [], rules: names.map((name, i) => (
    { id: String(i), origin: 'api', rule: { name, selector: 'rps', threshold: i }, state: 'inactive', active: [] }
  )) })
  page.answers.set('/api/triggers/firings', { total: 0, firings: [] })
  await page.connect()
  await page.declare(...names.flatMap((service, i) => METRICS.map((metric, k) => entry(1 + i * METRICS.length + k, metric, 'a-1', service))))
  const values = names.flatMap((_, i) => METRICS.map(() => [i, i + 1]))
  if (names.length > 0) await page.frame({ gauges: [{ firstSeries: 1, times: at(-20, 0), values }] })
  await answered()
}

const namesOf = (count: number, length = 0) => Array.from({ length: count }, (_, i) => `service-${String(i).padStart(4, '0')}`.padEnd(length, 'x'))

describe.each([[0, 0], [1, 0], [50, 0], [1000, 0], [3, 200]])('with %i services (names of %i characters)', (count, length) => {
  it.each(PAGES)('%s says what there is', async target => {
    const names = namesOf(count, length)
    await withServices(names)
    await page.run(() => useUi.getState().open(target))
    if (target === 'explore') await page.run(() => useUi.getState().addQuery('rps'))
    await answered()
    await answered()
    expect(document.querySelector('main')!.textContent).not.toBe('')
    if (target === 'overview') {
      expect(page.text('main')).toContain(count === 0 ? 'No agent has connected yet' : count === 1 ? '1 service' : `${count} services`)
      // A thousand rows are not a thousand elements.
      expect(document.querySelectorAll('tr[data-service]').length).toBeLessThanOrEqual(Math.min(count, 120))
    } else if (target === 'service') {
      if (count > 0) expect(document.querySelector<HTMLSelectElement>('select')!.value).toBe(names[0])
      else expect(page.text('main')).toContain('No agent has connected yet')
    } else if (target === 'explore') {
      expect(document.querySelectorAll('tr[data-line]')).toHaveLength(Math.min(count, 200))
      if (count > 200) expect(page.text('main')).toContain(`${count - 200} more lines are not drawn`)
    } else if (target === 'alerts') {
      expect(document.querySelectorAll('tr[data-rule]')).toHaveLength(count)
    } else {
      expect(document.querySelectorAll('tr[data-agent]')).toHaveLength(Math.min(count, 500))
    }
  }, 120_000)
})

describe('the overview of many', () => {
  it('sorts by figures, filters by name, and keeps both in the URL', async () => {
    await withServices(namesOf(70))
    await page.click('th:nth-of-type(5) button')
    await answered()
    const first = () => document.querySelector('tr[data-service]')?.getAttribute('data-service')
    expect(first()).toBe('service-0069')
    expect(document.querySelector('th[aria-sort="descending"]')?.textContent).toContain('rps')
    await page.run(() => useUi.getState().setFilter('001'))
    await answered()
    expect(document.querySelectorAll('tr[data-service]')).toHaveLength(11)
    await page.run(() => useUi.getState().setFilter('nothing'))
    await answered()
    expect(page.text('main [role="status"]')).toContain('No service is named like')
    expect(useUi.getState()).toMatchObject({ sort: 'rps', filter: 'nothing' })
  })

  it('is a heat wall of one metric, of everything', async () => {
    await withServices(namesOf(1000))
    await page.run(() => useUi.getState().setWall('rps'))
    await answered()
    expect(page.subscriptions()).toEqual(['rps'])
    expect(page.text('#panel-wall h2')).toContain('1000 series')
  })
})
