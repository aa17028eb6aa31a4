import { describe, expect, it } from 'vitest'
import { Column, ROW_BREAK } from './column'
import { HistogramHistory } from './histogramHistory'
import { History, rangeFor, readAnswer } from './history'
import { MergedLine, sumOf } from './merge'
import { RateLine } from './rate'
import { matcherOf } from './selector'
import { entry, TestStore } from './testing'

const ALL = Number.NEGATIVE_INFINITY

function live(fromMs: number, count: number, value = 1): Column {
  const column = new Column()
  for (let i = 0; i < count; i++) column.append(fromMs + i * 20, value, ALL)
  return column
}

const rowsAt = (times: readonly number[], value = 5) => ({
  times, values: times.map(() => value), lows: times.map(() => value - 1), highs: times.map(() => value + 1),
})
const timesOf = (column: Column) => Array.from(column.times.subarray(column.start, column.end))
const breaks = (column: Column) => timesOf(column).filter((_, i) => (column.flags[column.start + i]! & ROW_BREAK) !== 0)

describe('a column with its history', () => {
  it('has the history before the rows of the stream, and no gap between them', () => {
    const column = live(10_000, 3)
    column.replaceHistory(rowsAt([8500, 9500, 10_500]), 8000, 10_000, 1000)
    expect(timesOf(column)).toEqual([8500, 9500, 10_000, 10_020, 10_040])
    expect(breaks(column)).toEqual([])
    expect([column.lows![0], column.highs![0], column.lows![2]]).toEqual([4, 6, 1])
  })

  it('keeps a gap of the history a gap', () => {
    const column = live(20_000, 2)
    column.replaceHistory(rowsAt([1500, 2500, 9500, 10_500]), 0, 20_000, 1000)
    expect(breaks(column)).toEqual([9500, 20_000])
    expect([column.holdsAt(1, 4000), column.holdsAt(0, 2000)]).toEqual([false, true])
  })

  it('takes rows a minute apart for what is kept of the oldest time, not for gaps', () => {
    const column = live(400_000, 2)
    column.replaceHistory(rowsAt([31_000, 91_000, 151_000, 153_000, 155_000, 200_000, 202_000]), 0, 400_000, 2000)
    expect(breaks(column)).toEqual([200_000, 400_000])
  })

  it('is replaced as a whole by another resolution, and goes on with the stream', () => {
    const column = live(10_000, 300)
    column.replaceHistory(rowsAt(Array.from({ length: 900 }, (_, i) => i * 10)), 0, 10_000, 10)
    column.replaceHistory(rowsAt([9900]), 9000, 10_000, 200)
    column.append(16_000, 7, ALL)
    expect([column.count, column.times[column.start], column.newestValue, column.liveFromMs]).toEqual([302, 9900, 7, 10_000])
  })

  it('adds up over instances at its own resolution, and rates are those of its steps', () => {
    const a = live(20_000, 3, 1)
    const b = live(20_000, 3, 2)
    for (const column of [a, b]) column.replaceHistory(rowsAt([5000, 15_000]), 0, 20_000, 10_000)
    const merged = new MergedLine(sumOf)
    merged.setSources([a, b].map(column => ({ column, shiftMs: () => 0 })), 1)
    merged.update(ALL)
    expect(timesOf(merged.column)).toEqual([5000, 15_000, 20_000, 20_020, 20_040])
    expect(Array.from(merged.column.values.subarray(0, 5))).toEqual([10, 10, 3, 3, 3])
    expect(breaks(merged.column)).toEqual([])
    const counter = live(20_000, 2, 300)
    counter.replaceHistory({ times: [5000, 15_000], values: [0, 100], lows: [0, 100], highs: [0, 100] }, 0, 20_000, 10_000)
    const rate = new RateLine(counter)
    rate.update(ALL)
    expect(Array.from(rate.column.values.subarray(0, 2))).toEqual([10, 40])
    expect(breaks(rate.column)).toEqual([])
  })

  it('asks again when room for new rows has cost the history', () => {
    const column = live(10_000, 250)
    column.replaceHistory(rowsAt([9000]), 8000, 10_000, 1000)
    for (let i = 0; i < 300; i++) column.append(15_000 + i * 20, 1, 12_000)
    expect(column.historyFromMs).toBe(Number.POSITIVE_INFINITY)
    expect(column.liveFromMs).toBeGreaterThan(10_000)
  })
})

describe('History', () => {
  const selector = { name: 'depth', matchers: [] }
  const subscription = { key: 'd', selector: 'depth', rate: 60, backfillMs: 0, matches: matcherOf(selector), charted: true }

  function setup(answer: (path: string) => unknown) {
    const test = new TestStore()
    const asked: string[] = []
    test.declare(entry(1, 'depth'), entry(2, 'other'))
    test.frame({ gauges: [{ firstSeries: 1, times: [-20e6, 0], values: [[1, 2], [1, 2]] }] })
    test.store.subscribe([subscription])
    const history = new History(test.store, 0n, (_aggregator, path) => {
      asked.push(path)
      return Promise.resolve(answer(path))
    })
    const column = test.store.aggregators[0]!.byId[1]!.column!
    const look = async (leftMs: number, rightMs: number, version = 1) => {
      history.look({ leftMs, rightMs, version }, 0)
      history.look({ leftMs, rightMs, version }, 1000)
      for (let i = 0; i < 20; i++) await Promise.resolve()
    }
    return { test, asked, history, column, look }
  }

  it('asks for nothing while the stream has what is shown', async () => {
    const { asked, look, test } = setup(() => null)
    await look(test.nowMs - 20, test.nowMs)
    expect(asked).toEqual([])
  })

  it('reads last, min and max of what is before the stream, once, and puts them there', async () => {
    const { asked, look, column, test } = setup(path => ({
      series: [{ id: 1, timestamps_ns: ['90000000000', '91000000000'], values: path.includes('=min') ? [3, 3] : path.includes('=max') ? [9, 9] : [5, 'NaN'] }],
    }))
    await look(test.nowMs - 12_000, test.nowMs)
    expect(asked).toHaveLength(3)
    expect(asked[0]).toContain('selector=depth&from=82000000000&to=99980000000&step=20ms&aggregation=last')
    expect([column.values[0], column.lows![0], column.highs![0]]).toEqual([5, 3, 9])
    await look(test.nowMs - 12_000, test.nowMs)
    expect(asked).toHaveLength(3)
  })

  it('remembers that there is nothing, and asks again what could not be read', async () => {
    let answer: unknown = { series: [] }
    const { asked, look, test, history } = setup(() => answer)
    await look(test.nowMs - 12_000, test.nowMs)
    await look(test.nowMs - 12_000, test.nowMs)
    expect(asked).toHaveLength(3)
    answer = null
    await look(test.nowMs - 60_000, test.nowMs, 2)
    expect(asked).toHaveLength(6)
    history.look({ leftMs: test.nowMs - 60_000, rightMs: test.nowMs, version: 2 }, 9000)
    for (let i = 0; i < 20; i++) await Promise.resolve()
    expect(asked).toHaveLength(9)
  })

  it('waits while the view moves', () => {
    const { asked, history, test } = setup(() => null)
    for (let i = 0; i < 10; i++) history.look({ leftMs: 0, rightMs: test.nowMs, version: i }, i * 1000)
    expect(asked).toEqual([])
  })

  const target = (columns: readonly Column[]) => ({ selector: 'latency{service="a"}', columns, history: new HistogramHistory(), pulses: [] })
  const buckets = (positive: readonly number[]) => ({ scale: 0, zero_count: 0, positive_offset: 0, positive_counts: positive })

  it('reads histograms merged by the aggregator in one question, and makes the percentiles of them', async () => {
    const { asked, history, look, test } = setup(() => ({
      series: [{ merged: 2, timestamps_ns: ['90000000000', '90010000000'], values: [3, 1], buckets: [buckets([2, 1]), buckets([0, 0, 1])] }],
    }))
    test.store.subscribe([])
    const columns = [live(test.nowMs, 2), live(test.nowMs, 2), live(test.nowMs, 2)]
    history.draw([target(columns)])
    await look(test.nowMs - 12_000, test.nowMs)
    expect(asked).toHaveLength(1)
    expect(asked[0]).toContain('step=10ms&merge=true&aggregation=count&buckets=true')
    // In buckets [1, 2), [2, 4), [4, 8): two and one, then one more within the same sliding second: the last of a bucket is its upper end.
    const [p50, , p99] = columns.map(column => Array.from(column.values.subarray(0, 2), value => Math.floor(value)))
    expect([p50, p99]).toEqual([[2, 2], [4, 8]])
  })

  it('asks for coarser steps when the answer would be too long', async () => {
    const { asked, history, look, test } = setup(path => ({ series: [], truncated: path.includes('=10ms') }))
    test.store.subscribe([])
    history.draw([target([live(test.nowMs, 2)])])
    await look(test.nowMs - 12_000, test.nowMs)
    await look(test.nowMs - 12_000, test.nowMs)
    await look(test.nowMs - 12_000, test.nowMs)
    expect(asked.map(path => /step=(\w+)/.exec(path)?.[1])).toEqual(['10ms', '50ms'])
  })

  it('calls a time without requests no gap where its instances went on, and a gap where they did not', async () => {
    const { history, look, test } = setup(() => ({
      series: [{ timestamps_ns: ['90000000000', '94010000000', '98030000000'], values: [1, 1, 1], buckets: [buckets([1]), buckets([1]), buckets([1])] }],
    }))
    test.store.subscribe([])
    const column = live(test.nowMs, 2)
    const pulse = live(91_000, 100)
    history.draw([{ ...target([column]), pulses: [pulse] }])
    await look(test.nowMs - 12_000, test.nowMs)
    expect(breaks(column)).toEqual([98_035, test.nowMs])
    expect(Array.from(column.values.subarray(0, 3), value => Number.isNaN(value))).toEqual([false, true, false])
  })

  it('chooses a step of about a pixel, on whole steps', () => {
    expect(rangeFor({ leftMs: 0, rightMs: 30_000 })).toEqual({ fromMs: -15_000, toMs: 45_000, stepMs: 50 })
    expect(rangeFor({ leftMs: 0, rightMs: 86_400_000 }).stepMs).toBe(120_000)
  })

  it('does not believe an answer whose columns differ', () => {
    expect(readAnswer({ series: [{ id: 1, timestamps_ns: ['1'], values: [] }, null] }, 0n, 10).size).toBe(0)
    expect(readAnswer('no', 0n, 10).size).toBe(0)
  })
})
