import { describe, expect, it } from 'vitest'
import { EXPLORE_LINES_MAX, ExploreView, QUERY_DEFAULT, type ExploreQuery } from './explore'
import { exploreSubscriptions, chartRate } from './subscriptions'
import { entry, TestStore } from './testing'
import { csvOf, csvText, statsOf, tableOf } from './windowStats'

const at = (...ms: number[]) => ms.map(one => one * 1e6)

function view(test: TestStore, ...queries: (Partial<ExploreQuery> & { selector: string })[]): ExploreView {
  const made = new ExploreView(test.store, queries.map(query => ({ ...QUERY_DEFAULT, ...query })))
  made.derive()
  return made
}

function withGauges(): TestStore {
  const test = new TestStore()
  test.declare(
    { ...entry(1, 'depth'), labels: { queue: 'a' } }, { ...entry(2, 'depth'), labels: { queue: 'b' } },
    { ...entry(3, 'depth', 'gauge', 'b-1', 'mail'), labels: { queue: 'a' } }, entry(4, 'jobs_total', 'counter'),
  )
  test.frame({ gauges: [{ firstSeries: 1, times: at(-20, 0), values: [[1, 2], [10, 20], [100, 200]] }] })
  return test
}

const newest = (made: ExploreView) => made.shape.lines.map(line => [line.label, line.column.newestValue])

describe('Explore', () => {
  it('draws each series by itself', () => {
    expect(newest(view(withGauges(), { selector: 'depth' }))).toEqual([
      ['depth{queue="a"} checkout/a-1', 2], ['depth{queue="a"} mail/b-1', 200], ['depth{queue="b"} checkout/a-1', 20],
    ])
  })

  it('splits by a label, and combines what shares a line', () => {
    const test = withGauges()
    expect(newest(view(test, { selector: 'depth', split: 'queue' }))).toEqual([['depth queue=a', 202], ['depth queue=b', 20]])
    expect(newest(view(test, { selector: 'depth', split: '', combine: 'max' }))).toEqual([['depth', 200]])
    expect(newest(view(test, { selector: 'depth', split: '', combine: 'min' }))).toEqual([['depth', 2]])
    expect(newest(view(test, { selector: 'depth', split: '', combine: 'mean' }))).toEqual([['depth', 74]])
  })

  it('filters, and puts several queries on one chart with an axis each', () => {
    const { lines, matched } = view(withGauges(), { selector: 'depth{service="mail"}' }, { selector: 'depth{queue="b"}', right: true }).shape
    expect(lines.map(line => [line.query, line.right])).toEqual([[0, false], [1, true]])
    expect(matched.map(list => list.length)).toEqual([1, 1])
  })

  it('follows what arrives, and what appears', () => {
    const test = withGauges()
    const made = view(test, { selector: 'depth', split: '' })
    test.nowMs += 20
    test.frame({ gauges: [{ firstSeries: 1, times: at(0), values: [[3], [30], [300]] }] })
    made.derive()
    expect(made.shape.lines[0]!.column.newestValue).toBe(333)
    test.declare({ ...entry(9, 'depth'), labels: { queue: 'c' } })
    test.frame({ gauges: [{ firstSeries: 9, times: at(0), values: [[1000]] }] })
    made.derive()
    expect(made.shape.lines[0]!.column.newestValue).toBe(1333)
  })

  it('shows counters as their rate', () => {
    const test = withGauges()
    test.frame({ counters: [{ firstSeries: 4, times: at(-1000, 0), values: [[100, 150]] }] })
    const [line] = view(test, { selector: 'jobs_total' }).shape.lines
    expect([line!.unit, line!.column.newestValue]).toEqual(['1/s', 50])
  })

  it('merges histograms bucket by bucket', () => {
    const test = new TestStore()
    test.declare(entry(1, 'latency', 'histogram'), entry(2, 'latency', 'histogram', 'b-1'))
    const rows = [1, 2].map(series => ({ series, time: 0, scale: 6, positiveOffset: 64 * series, positive: [100] }))
    test.frame({ histograms: rows })
    const made = view(test, { selector: 'latency', split: '' })
    expect(made.shape.lines.map(line => line.label)).toEqual(['latency p50', 'latency p95', 'latency p99'])
    const values = made.shape.lines.map(line => line.column.newestValue)
    expect(values[0]).toBeCloseTo(2 ** (1 + 1 / 64), 6)
    expect(values[2]).toBeCloseTo(2 ** (2 + 0.98 / 64), 6)
    expect(view(test, { selector: 'latency', split: '', statistic: 'p95' }).shape.lines.map(line => line.label)).toEqual(['latency p95'])
  })

  it('draws a bounded number of lines and says how many are left out', () => {
    const test = new TestStore()
    test.declare(...Array.from({ length: EXPLORE_LINES_MAX + 7 }, (_, i) => ({ ...entry(i + 1, 'm'), labels: { i: String(i) } })))
    const first = Array.from({ length: EXPLORE_LINES_MAX + 7 }, () => [1])
    test.frame({ gauges: [{ firstSeries: 1, times: at(0), values: first }] })
    const { lines, omitted } = view(test, { selector: 'm' }).shape
    expect([lines.length, omitted]).toEqual([EXPLORE_LINES_MAX, 7])
  })

  it('subscriptions for what is asked, once, and for the pulse of histograms', () => {
    const queries = ['latency{service="a",route="/"}', 'latency{service="a",route="/"}', 'nonsense{'].map(selector => ({ ...QUERY_DEFAULT, selector }))
    const subscriptions = exploreSubscriptions(queries, 30_000, name => name === 'latency')
    expect(subscriptions.map(subscription => subscription.selector)).toEqual(['latency{service="a",route="/"}', 'rps{service="a"}'])
    expect(subscriptions.map(subscription => subscription.rate)).toEqual([60, 60])
    expect([600_000, 3_600_000, 86_400_000].map(chartRate)).toEqual([60, 5, 1])
  })
})

describe('a window in figures', () => {
  const test = withGauges()
  const { lines } = view(test, { selector: 'depth{service="checkout"}' }).shape
  const [first] = lines

  it('has exact extremes, and a mean of its samples', () => {
    expect(statsOf(first!.column, 0, test.nowMs - 20, test.nowMs)).toEqual({ count: 2, last: 2, min: 1, max: 2, mean: 1.5 })
    expect(statsOf(first!.column, 0, test.nowMs - 10, test.nowMs)).toMatchObject({ count: 1, min: 2 })
    expect(statsOf(first!.column, 0, 0, 1)).toMatchObject({ count: 0, min: Number.NaN })
  })

  it('keeps a spike of rows that stand for several samples', () => {
    first!.column.appendRow(test.nowMs + 1, test.nowMs + 19, 2, -50, 900, 2, 0)
    expect(statsOf(first!.column, 0, test.nowMs - 20, test.nowMs + 20)).toMatchObject({ min: -50, max: 900, last: 2 })
    first!.column.truncate(test.nowMs + 1)
  })

  it('is a table, newest first, bounded', () => {
    const table = tableOf(lines, test.nowMs - 20, test.nowMs, 1)
    expect(table).toEqual({ timesMs: [test.nowMs], values: [[2, 20]], omitted: 1 })
  })

  it('is a file with every sample', () => {
    const text = csvOf([{ ...first!, unit: 'ms' }], test.nowMs - 20, test.nowMs, 1_700_000_000_000)
    expect(text.split('\n')).toEqual([
      'time,unix_ms,series,unit,value,min,max',
      '2023-11-14T22:14:59.980Z,1700000099980,"depth{queue=""a""} checkout/a-1",ms,1,1,1',
      '2023-11-14T22:15:00.000Z,1700000100000,"depth{queue=""a""} checkout/a-1",ms,2,2,2', '',
    ])
  })

  it('never hands a spreadsheet a formula', () => {
    expect(['=1+1', '-x', '@y', 'a,b', 'plain'].map(csvText)).toEqual(['\'=1+1', '\'-x', '\'@y', '"a,b"', 'plain'])
  })
})
