// @vitest-environment happy-dom
import { act } from 'react'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { bodyOf } from './RuleForm'
import { TestPage } from './testPage'
import { useUi } from './uiState'

let page: TestPage

const series = { id: 1, service: 'checkout', instance: 'a-1', name: 'latency_p99', labels: {}, kind: 'gauge', unit: 'ms' }
const rule = { name: 'Slow', selector: 'latency_p99', measure: 'value', condition: '>', threshold: 250, for_ms: 40, enabled: true }
const listed = {
  version: 3, can_edit: true, webhooks: ['pager'],
  rules: [
    { id: 'slow', origin: 'api', rule, state: 'firing', problem: null, series: 2, firing: 1, firings_total: 7, active: [{ series, state: 'firing', since_ns: '5', value: 312.5 }] },
    { id: 'kept', origin: 'configuration', rule: { ...rule, name: 'Kept', measure: 'rate' }, state: 'inactive', series: 1, firing: 0, firings_total: 0, active: [] },
  ],
}
const firing = {
  id: 9, rule_id: 'slow', rule_name: 'Slow', series, started_ns: '1', sample_ns: '1763769600000000000', fired_ns: '1763769600000000000', ended_ns: null, end: null,
  measure: 'value', condition: '>', threshold: 250, value: 312.5, peak: 400, capture: 'ready', webhook: 'delivered',
}
const capture = {
  firing, from_ns: '1763769595000000000', to_ns: '1763769605000000000',
  series: [
    { ...series, id: 2, name: 'inflight', unit: '1', timestamps_ns: ['1763769599980000000', '1763769600000000000'], values: [4, 5] },
    { ...series, timestamps_ns: ['1763769599980000000', '1763769600000000000'], values: [10, 312.5] },
    { ...series, id: 3, name: 'latency', kind: 'histogram', timestamps_ns: ['1763769600000000000'], count: [3], p50: [1], p95: [2], p99: [3] },
  ],
}

async function answered(): Promise<void> {
  await act(async () => {
    for (let i = 0; i < 20; i++) await Promise.resolve()
  })
  await page.paint()
}

beforeEach(async () => {
  page = new TestPage()
  page.answers.set('/api/triggers', listed)
  page.answers.set('/api/triggers/firings', { total: 12, firings: [firing] })
  page.answers.set('/api/triggers/firings/9/capture', capture)
  await page.open()
  await page.connect()
  await page.run(() => useUi.getState().open('alerts'))
  await answered()
})
afterEach(() => page.close())

describe('Alerts', () => {
  it('shows each rule, what it sees now, and its history', () => {
    expect(page.text('tr[data-rule="Slow"]')).toContain('latency_p99 > 250 for 40 ms')
    expect(page.text('tr[data-rule="Slow"]')).toMatch(/firing.*now 313.ms at latency_p99 checkout\/a-1/)
    expect(page.text('tr[data-rule="Kept"]')).toContain('rate of latency_p99')
    expect(page.text('tr[data-firing="0.9"]')).toMatch(/Slow.*313.*400.*still firing.*delivered/)
    expect(page.text('[aria-label="History"]')).toContain('11 older firings')
  })

  it('opens with one click what was kept, frozen, the series that fired first', async () => {
    await page.click('tr[data-firing="0.9"] button')
    await answered()
    expect(useUi.getState().capture).toBe('0.9')
    expect([...document.querySelectorAll('[data-capture] canvas[data-chart]')].map(canvas => (canvas as HTMLElement).dataset['chart']))
      .toEqual(['capture-latency_p99', 'capture-inflight', 'capture-latency'])
    expect(page.live.viewport.live).toBe(false)
    expect(page.live.viewport.spanMs).toBeCloseTo(10_200, 6)
    expect(page.live.store.gaps.gaps.at(-1)?.reason).toBe('“Slow” fired')
    await page.click('tr[data-firing="0.9"] button')
    expect(page.live.viewport.live).toBe(true)
  })

  it('says when a capture is not kept any more', async () => {
    page.answers.delete('/api/triggers/firings/9/capture')
    await page.run(() => useUi.getState().setCapture('0.9'))
    await answered()
    expect(page.text('[role="alert"]')).toContain('not kept any more')
  })

  it('changes rules of the API alone, and shows a refusal in the words of the aggregator', async () => {
    expect(document.querySelectorAll('tr[data-rule="Kept"] button')).toHaveLength(0)
    page.refusal = new Response(JSON.stringify({ detail: 'Cannot delete: no.' }), { status: 409 })
    await page.click('tr[data-rule="Slow"] button:nth-of-type(3)')
    await answered()
    expect(page.sent).toEqual([{ method: 'DELETE', path: '/api/triggers/slow', body: undefined }])
    expect(page.text('[role="alert"]')).toBe('Cannot delete: no.')
    page.refusal = null
    await page.click('tr[data-rule="Slow"] button:nth-of-type(2)')
    await answered()
    expect(page.sent.at(-1)).toMatchObject({ method: 'PUT', path: '/api/triggers/slow', body: { name: 'Slow', enabled: false } })
  })

  it('asks for what a rule needs', () => {
    expect(bodyOf({})).toBe('Give the rule a name.')
    expect(bodyOf({ name: 'a', selector: 'x{' })).toContain('Cannot use the selector')
    expect(bodyOf({ name: 'a', selector: 'x' })).toBe('Give the rule a threshold.')
    expect(bodyOf({ name: 'a', selector: 'x', threshold: 'much' })).toContain('no number')
    expect(bodyOf({ name: 'a', selector: 'x', threshold: '2,5', for_ms: '20', webhook: '', over_ms: null })).toEqual({ name: 'a', selector: 'x', threshold: 2.5, for_ms: 20 })
  })

  it('says what a rule is for when there is none', async () => {
    page.answers.set('/api/triggers', { version: 4, can_edit: true, webhooks: [], rules: [] })
    await page.close()
    await page.open()
    await answered()
    await page.run(() => useUi.getState().open('alerts'))
    await answered()
    expect(page.text('main [role="status"]')).toContain('No rule is set')
    await page.click('[aria-label="Rules"] button')
    expect(document.querySelector('form[aria-label="A new rule"]')).not.toBeNull()
  })
})
