import { describe, expect, it } from 'vitest'
import { dropDeparted } from './departed'
import { matcherOf } from './selector'
import { entry, TestStore } from './testing'

const everything = { name: null, matchers: [] }

describe('series that left their aggregator', () => {
  async function look(listed: readonly string[], elapsedMs: number, total = listed.length) {
    const test = new TestStore()
    test.store.subscribe([{ key: 'all', selector: '{}', rate: 60, backfillMs: 0, matches: matcherOf(everything) }])
    test.declare(entry(1, 'rps'), entry(2, 'depth'), entry(3, 'rps', 'gauge', 'b-1', 'cart'))
    test.frame({ gauges: [{ firstSeries: 1, times: [0], values: [[1], [1]] }] })
    test.nowMs += elapsedMs
    test.frame({ gauges: [{ firstSeries: 3, times: [0], values: [[1]] }] })
    const asked: string[] = []
    await dropDeparted(test.store, 0, 30_000, path => {
      asked.push(decodeURIComponent(path))
      return Promise.resolve({ total, series: listed.map(name => ({ ...entry(9, name), id: 9 })) })
    })
    return { asked, names: [...test.store.series()].map(series => `${series.service}/${series.name}`), test }
  }

  it('go, and those that are only silent stay', async () => {
    const { asked, names } = await look(['rps'], 61_000)
    expect(asked).toEqual(['/api/series?limit=20000&selector={service="checkout"}'])
    expect(names).toEqual(['checkout/rps', 'cart/rps'])
  })

  it('are not asked about before they were silent for long', async () => {
    expect((await look([], 59_000)).asked).toEqual([])
  })

  it('stay while the list is not whole', async () => {
    expect((await look(['rps'], 61_000, 2)).names).toHaveLength(3)
  })

  it('come back under another id', async () => {
    const { test } = await look(['rps'], 61_000)
    test.declare(entry(7, 'depth'))
    test.frame({ gauges: [{ firstSeries: 7, times: [0], values: [[5]] }] })
    expect(test.column(7).values).toEqual([5])
  })
})
