import { describe, expect, it } from 'vitest'
import type { Catalog } from './catalog'
import { Overview } from './overview'
import { entry, TestStore } from './testing'

const at = (...ms: number[]) => ms.map(one => one * 1e6)
const nothing = { services: () => new Map(), version: 0 } as unknown as Catalog

describe('Overview', () => {
  it('has an error rate of 0 for a service without requests, and none for a silent one', () => {
    const test = new TestStore()
    test.declare(entry(1, 'rps'), entry(2, 'error_rate'))
    test.frame({ gauges: [{ firstSeries: 1, times: at(-20, 0), values: [[0, 0], [0, 0]] }] })
    const overview = new Overview(test.store, nothing)
    overview.derive()
    expect(overview.summary('checkout', test.nowMs)).toMatchObject({ rps: 0, errorRatio: 0, silent: 0 })
    expect(overview.summary('checkout', test.nowMs + 60_000)).toMatchObject({ rps: Number.NaN, errorRatio: Number.NaN, silent: 1 })
  })
})
