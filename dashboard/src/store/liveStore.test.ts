import { describe, expect, it } from 'vitest'
import { FLAG_BACKFILL, FLAG_BACKFILL_END } from '../wire/frame'
import { CLOCK_SHIFT_STEP_MS } from './aggregator'
import { LatencyLedger } from './ledger'
import { GapLog, GAPS_MAX } from './gapLog'
import { overviewSubscriptions, serviceSubscriptions } from './subscriptions'
import { ServiceView } from './serviceView'
import { entry, TestStore } from './testing'

const at = (...ms: number[]) => ms.map(one => one * 1e6)

describe('LiveStore', () => {
  it('keeps the conflated rows of a frame that are older than its raw ones', () => {
    const test = new TestStore()
    test.declare(entry(7, 'rps'))
    const row = (fromMs: number, toMs: number, high: number) => (
      { series: 7, count: 5, startTime: fromMs * 1e6, time: toMs * 1e6, first: 1, min: 0, max: high, last: 1, sum: 5 }
    )
    test.frame({
      rateHz: 5, flags: FLAG_BACKFILL | FLAG_BACKFILL_END,
      gauges: [{ firstSeries: 7, times: at(-700, 0), values: [[1, 2]] }],
      conflated: [row(-1000, -820, 50), row(-600, -420, 90), row(-400, -220, 10)],
    })
    expect(test.column(7).times).toEqual([99_180, 99_300, 99_580, 99_780, 100_000])
    const column = test.store.aggregators[0]!.byId[7]!.column!
    expect(Array.from(column.highs!.subarray(0, 5))).toEqual([50, 1, 90, 10, 2])
    expect([...column.flags.subarray(0, 5)].some(flags => (flags & 1) !== 0)).toBe(false)
  })

  it('puts samples into the columns of their series', () => {
    const test = new TestStore()
    test.declare(entry(7, 'rps'), entry(8, 'inflight'))
    test.frame({ gauges: [{ firstSeries: 7, times: at(-20, 0), values: [[1, 2], [3, 4]] }] })
    expect(test.column(7)).toEqual({ times: [99_980, 100_000], values: [1, 2] })
    expect(test.column(8).values).toEqual([3, 4])
    expect(test.store.aggregators[0]!.samples).toBe(4)
  })

  it('counts samples of ids that nobody declared', () => {
    const test = new TestStore()
    test.frame({ gauges: [{ firstSeries: 1, times: at(0, 1), values: [[1, 2]] }], conflated: [
      { series: 2, count: 5, startTime: 0, time: 0, first: 0, min: 0, max: 0, last: 0, sum: 0 },
    ] })
    expect(test.store.aggregators[0]!.undeclaredSamples).toBe(7)
  })

  it('keeps aggregators apart that use the same ids', () => {
    const test = new TestStore(2)
    test.declare(entry(1, 'rps'))
    test.store.receive({ type: 'series', aggregator: 1, series: [entry(1, 'inflight', 'gauge', 'b-1')] })
    test.frame({ gauges: [{ firstSeries: 1, times: at(0), values: [[5]] }] }, 0)
    test.frame({ gauges: [{ firstSeries: 1, times: at(0), values: [[6]] }] }, 1)
    const newest = [...test.store.series()].map(series => [series.aggregator, series.name, series.column!.newestValue])
    expect(newest).toEqual([[0, 'rps', 5], [1, 'inflight', 6]])
  })

  it('drops the ids of a former session, and goes on with the same series under new ones', () => {
    const test = new TestStore()
    test.declare(entry(1, 'rps'))
    test.frame({ gauges: [{ firstSeries: 1, times: at(0), values: [[5]] }] })
    test.nowMs += 2000
    test.greet(8n)
    test.frame({ session: 8n, gauges: [{ firstSeries: 1, times: at(0), values: [[99]] }] })
    expect(test.store.aggregators[0]!.undeclaredSamples).toBe(1)
    test.declare(entry(4, 'rps'))
    // The agents replay: what is known already comes again.
    test.frame({ session: 8n, flags: FLAG_BACKFILL, gauges: [{ firstSeries: 4, times: at(-2000, -1980, 0), values: [[5, 6, 7]] }] })
    expect(test.column(4).values).toEqual([5, 6, 7])
    expect([...test.store.series()]).toHaveLength(1)
    expect(test.store.gaps.reasonAt(100_000, 102_000)).toContain('restarted')
  })

  it('does not take the newest row twice when a resumed backfill repeats it', () => {
    const test = new TestStore()
    test.declare(entry(1, 'rps'), entry(2, 'latency', 'histogram'))
    const spec = {
      gauges: [{ firstSeries: 1, times: at(-20, 0), values: [[1, 2]] }],
      histograms: [{ series: 2, time: 0, scale: 5, positiveOffset: 3, positive: [1] }],
    }
    test.frame(spec)
    test.frame({ ...spec, flags: FLAG_BACKFILL | FLAG_BACKFILL_END })
    expect(test.column(1).values).toEqual([1, 2])
    expect(test.store.aggregators[0]!.byId[2]!.histogram!.count).toBe(1)
  })

  it('keeps what the finest class brings when a series comes in two', () => {
    const test = new TestStore()
    test.declare(entry(1, 'rps'))
    const conflated = [{ series: 1, count: 50, startTime: -980e6, time: 0, first: 1, min: -1, max: 9, last: 2, sum: 50 }]
    test.frame({ rateHz: 60, gauges: [{ firstSeries: 1, times: at(-20, 0), values: [[1, 2]] }] })
    test.frame({ rateHz: 1, conflated })
    expect(test.column(1).values).toEqual([1, 2])
    // The server moved this page to a slower class: now that one counts.
    test.store.receive({ type: 'rate', aggregator: 0, rate: 1, reason: 'lagging' })
    test.nowMs += 1000
    test.frame({ rateHz: 1, conflated })
    expect(test.column(1).values).toEqual([1, 2, 2])
    expect(test.store.aggregators[0]!.laggingRate).toBe(1)
  })

  it('replaces coarse rows by a finer backfill of the same time', () => {
    const test = new TestStore()
    test.declare(entry(1, 'rps'))
    test.frame({ rateHz: 5, gauges: [{ firstSeries: 1, times: at(-5000), values: [[7]] }] })
    test.frame({ rateHz: 5, conflated: [{ series: 1, count: 10, startTime: -200e6, time: 0, first: 1, min: 0, max: 9, last: 2, sum: 50 }] })
    test.store.subscribe([])
    test.frame({ rateHz: 60, flags: FLAG_BACKFILL, gauges: [{ firstSeries: 1, times: at(-40, -20, 0), values: [[1, 2, 3]] }] })
    expect(test.column(1)).toEqual({ times: [95_000, 99_960, 99_980, 100_000], values: [7, 1, 2, 3] })
  })

  it('moves an agent whose clock is off, in steps', () => {
    const test = new TestStore()
    test.declare(entry(1, 'rps'))
    const stamp = (offsetMs: number) => test.frame({ stamps: [{ source: 1, recorded: 0, received: 1e6, clockOffset: offsetMs * 1e6 }] })
    const source = test.store.aggregators[0]!.byId[1]!.source
    stamp(CLOCK_SHIFT_STEP_MS - 1)
    expect([source.shiftMs, source.clockOffsetMs]).toEqual([0, CLOCK_SHIFT_STEP_MS - 1])
    stamp(500)
    expect(source.shiftMs).toBe(500)
    const version = test.store.shiftVersion
    stamp(504)
    expect([source.shiftMs, test.store.shiftVersion]).toEqual([500, version])
  })

  it('remembers why there is a gap: the connection was lost', () => {
    const test = new TestStore()
    test.declare(entry(1, 'rps'))
    test.frame({ gauges: [{ firstSeries: 1, times: at(0), values: [[1]] }] })
    test.nowMs += 3000
    test.store.receive({ type: 'phase', aggregator: 0, phase: { kind: 'lost', sinceMs: test.nowMs, retryAtMs: 0, reason: 'gone' } })
    expect(test.store.gaps.reasonAt(100_000, 103_000)).toContain('no connection to http://box-0')
    test.nowMs += 3000
    test.greet()
    test.frame({ gauges: [{ firstSeries: 1, times: at(0), values: [[1]] }] })
    expect(test.store.gaps.reasonAt(106_000, 107_000)).toBeNull()
  })

  it('forgets series that nothing asks for, after a while', () => {
    const test = new TestStore()
    test.declare(entry(1, 'rps'), entry(2, 'inflight', 'gauge', 'b', 'payments'))
    test.store.subscribe(serviceSubscriptions('checkout', [], 60_000))
    test.store.sweep()
    expect([...test.store.series()]).toHaveLength(2)
    test.nowMs += 31_000
    test.store.sweep()
    expect([...test.store.series()].map(series => series.service)).toEqual(['checkout'])
    test.frame({ gauges: [{ firstSeries: 2, times: at(0), values: [[1]] }] })
    expect(test.store.aggregators[0]!.undeclaredSamples).toBe(1)
  })

  it('brings a forgotten series back with a later subscription: it is declared only once', () => {
    const test = new TestStore()
    test.declare(entry(2, 'inflight', 'gauge', 'b', 'payments'))
    test.store.subscribe(serviceSubscriptions('checkout', [], 60_000))
    test.store.sweep()
    test.nowMs += 31_000
    test.store.sweep()
    expect([...test.store.series()]).toEqual([])
    const before = test.store.catalogVersion
    test.store.subscribe(serviceSubscriptions('payments', [], 60_000))
    expect(test.store.catalogVersion).toBeGreaterThan(before)
    test.frame({ gauges: [{ firstSeries: 2, times: at(0), values: [[7]] }] })
    expect([...test.store.series()].map(series => series.column?.values[0])).toEqual([7])
    expect(test.store.aggregators[0]!.undeclaredSamples).toBe(0)
  })

  it('follows a slower class although frames of the finer one were still under way when the subscription changed', () => {
    const test = new TestStore()
    test.declare(entry(1, 'rps'))
    test.store.subscribe([])
    test.frame({ rateHz: 15, gauges: [{ firstSeries: 1, times: at(-20), values: [[1]] }] })
    test.store.receive({ type: 'settled', aggregator: 0 })
    test.frame({ rateHz: 5, gauges: [{ firstSeries: 1, times: at(0), values: [[2]] }] })
    expect([...test.store.series()][0]?.column?.count).toBe(2)
  })

  it('keeps only so many problems', () => {
    const test = new TestStore()
    for (let i = 0; i < 50; i++) test.store.receive({ type: 'problem', aggregator: 0, message: String(i) })
    expect([test.store.problems.length, test.store.problems.at(-1)?.message]).toEqual([20, '49'])
  })
})

describe('LatencyLedger', () => {
  it('says how old samples were when they were painted, and on which leg', () => {
    const ledger = new LatencyLedger()
    for (let i = 0; i < 100; i++) {
      ledger.note(1000, 1005, 1012)
      ledger.painted(1012 + 10 + i)
    }
    const summary = ledger.summary(1200)
    expect(summary).toMatchObject({ recordedToReceived: 5, receivedToFramed: 7, framedToPainted: 59, p50: 71, p99: 120, count: 100 })
  })

  it('covers the last seconds only, and not what a pause kept waiting', () => {
    const ledger = new LatencyLedger()
    ledger.note(0, 0, 0)
    ledger.painted(10)
    ledger.note(0, 0, 0)
    ledger.discard()
    ledger.painted(9000)
    expect(ledger.summary(100).count).toBe(1)
    expect(ledger.summary(9000)).toMatchObject({ count: 0, p50: Number.NaN })
  })
})

describe('GapLog', () => {
  it('names the gap that explains most of a hole', () => {
    const gaps = new GapLog()
    gaps.add(0, 0, 100, 'first')
    gaps.add(0, 90, 300, 'second')
    expect([gaps.reasonAt(50, 200), gaps.reasonAt(50, 100), gaps.reasonAt(400, 500)]).toEqual(['second', 'first', null])
  })

  it('opens one gap at a time for an aggregator, and forgets the oldest', () => {
    const gaps = new GapLog()
    gaps.open(0, 10, 'a')
    gaps.open(0, 20, 'b')
    gaps.close(0, 30)
    expect(gaps.gaps).toEqual([{ aggregator: 0, fromMs: 10, toMs: 30, reason: 'a' }])
    for (let i = 0; i < GAPS_MAX; i++) gaps.add(0, i, i, 'c')
    expect(gaps.gaps).toHaveLength(GAPS_MAX)
    expect(gaps.gaps[0]!.reason).toBe('c')
  })
})

describe('ServiceView', () => {
  function filled(instances: string[], names: string[]): { test: TestStore, view: ServiceView } {
    const test = new TestStore()
    let id = 1
    for (const instance of instances) {
      for (const name of names) test.declare(entry(id++, name, name === 'latency' ? 'histogram' : 'gauge', instance))
    }
    return { test, view: new ServiceView(test.store, 'checkout', null) }
  }

  it('draws the one instance\'s own samples, untouched', () => {
    const { test, view } = filled(['a-1'], ['rps', 'error_rate'])
    test.frame({ gauges: [{ firstSeries: 1, times: at(-10, -5, 0), values: [[1, 2, 3], [0.1, 0.2, 0.3]] }] })
    view.derive()
    expect(view.shape.throughput!.column).toBe(test.store.aggregators[0]!.byId[1]!.column)
    expect(view.shape.errors!.column).toBe(test.store.aggregators[0]!.byId[2]!.column)
  })

  it('merges several instances, and takes one of them when it is chosen', () => {
    const { test, view } = filled(['a-1', 'a-2'], ['rps', 'error_rate', 'inflight'])
    const times = at(-5, 0)
    test.frame({ gauges: [{ firstSeries: 1, times, values: [[10, 10], [0.5, 0.5], [1, 1], [30, 30], [0.1, 0.1], [2, 2]] }] })
    view.derive()
    expect(view.shape.throughput!.column.newestValue).toBe(40)
    expect(view.shape.errors!.column.newestValue).toBeCloseTo(0.2, 12)
    expect(view.shape.inflight!.column.newestValue).toBe(3)
    const one = new ServiceView(test.store, 'checkout', 'a-2')
    one.derive()
    expect(one.shape.throughput!.column.newestValue).toBe(30)
    expect(one.shape.instances).toHaveLength(2)
  })

  it('computes latency from histograms where they are sent, and says so', () => {
    const { test, view } = filled(['a-1', 'a-2'], ['latency', 'latency_p99'])
    test.frame({ histograms: [
      { series: 1, time: 0, scale: 6, positiveOffset: 6 * 64, positive: [99] },
      { series: 3, time: 0, scale: 6, positiveOffset: 9 * 64, positive: [1] },
    ] })
    view.derive()
    expect(view.shape.latencyOrigin).toBe('histograms')
    expect(view.shape.latency.map(line => Math.round(line.column.newestValue))).toEqual([64, 65, 65])
    expect(view.latencyErrorRatio).toBeCloseTo(0.0109, 4)
  })

  it('falls back to the gauges of each instance', () => {
    const { test, view } = filled(['a-1', 'a-2'], ['latency_p50', 'latency_p95', 'latency_p99'])
    test.frame({ gauges: [{ firstSeries: 1, times: at(0), values: [[1], [2], [3], [4], [5], [6]] }] })
    view.derive()
    expect([view.shape.latencyOrigin, view.shape.latency.length, view.latencyErrorRatio]).toEqual(['gauges', 6, Number.NaN])
  })

  it('lists every other series, labelled ones among them', () => {
    const { test, view } = filled(['a-1'], ['rps', 'queue_depth'])
    test.declare({ ...entry(50, 'rps'), labels: { route: '/pay' } })
    view.derive()
    expect(view.shape.others.map(series => series.title)).toEqual(['queue_depth', 'rps{route="/pay"}'])
  })
})

describe('subscriptions', () => {
  it('ask for charts at full rate and for the list of the rest once a second', () => {
    const subscriptions = serviceSubscriptions('checkout', ['queue_depth'], 60_000)
    expect(subscriptions.find(subscription => subscription.selector === 'queue_depth{service="checkout"}')?.rate).toBe(60)
    expect(subscriptions.find(subscription => subscription.selector === '{service="checkout"}')?.rate).toBe(1)
    expect(new Set(subscriptions.map(subscription => subscription.key)).size).toBe(subscriptions.length)
    expect(overviewSubscriptions(60_000, 10).every(subscription => subscription.rate === 15)).toBe(true)
    expect([200, 1000].map(count => overviewSubscriptions(60_000, count)[0]!.rate)).toEqual([5, 1])
  })
})
