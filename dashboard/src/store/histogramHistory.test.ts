// What is before the stream against raw measurements made here.
import { describe, expect, it } from 'vitest'
import { seeded } from '../wire/testFrames'
import { HeatCells } from './heatCells'
import { HistogramColumn } from './histogramColumn'
import { HistogramHistory, lengthsOf, readBuckets, type BucketRow } from './histogramHistory'
import { PERCENTILES, percentilesOver } from './percentiles'

const ALL = Number.NEGATIVE_INFINITY
const SCALE = 5
const noShift = () => 0

type Measurement = { readonly atMs: number, readonly value: number }

function bucketOf(value: number): number {
  return Math.ceil(Math.log2(value) * 2 ** SCALE) - 1
}

function measurements(count: number, everyMs: number): Measurement[] {
  const random = seeded(3)
  return Array.from({ length: count }, (_, i) => ({ atMs: i * everyMs, value: 5 * Math.exp(random() * 3) }))
}

/** What an aggregator answers of some measurements, in steps of one length. */
function rowsOf(all: readonly Measurement[], stepMs: number): BucketRow[] {
  const steps = new Map<number, Measurement[]>()
  for (const one of all) {
    const fromMs = Math.floor(one.atMs / stepMs) * stepMs
    steps.set(fromMs, [...(steps.get(fromMs) ?? []), one])
  }
  return [...steps].map(([fromMs, members]) => {
    const buckets = members.map(({ value }) => bucketOf(value))
    const offset = Math.min(...buckets)
    const length = Math.max(...buckets) - offset + 1
    const positive = Array.from({ length }, (_, i) => buckets.filter(bucket => bucket === offset + i).length)
    const none = { zeroCount: 0, negativeOffset: 0, negative: [], bounds: null, counts: [], min: Number.NaN, max: Number.NaN }
    return { ...none, fromMs, scale: SCALE, positiveOffset: offset, positive }
  })
}

function liveOf(all: readonly Measurement[]): HistogramColumn {
  const column = new HistogramColumn()
  for (const { atMs, value } of all) {
    column.beginRow(atMs, SCALE, ALL)
    column.addPositive(bucketOf(value), 1)
    column.finishRow(1, 0, value, value, value)
  }
  return column
}

function sliceCounts(cells: HeatCells, slices: number): number[] {
  return Array.from({ length: slices }, (_, slice) => {
    let sum = 0
    for (let row = 0; row < cells.rows; row++) sum += cells.count(slice, row)
    return Math.round(sum * 1000) / 1000
  })
}

describe('percentiles of a history', () => {
  it.each([10, 100, 1000, 5000])('in steps of %i ms are within a bucket of the exact ones', stepMs => {
    const all = measurements(4000, 5)
    const history = new HistogramHistory()
    history.replace(rowsOf(all, stepMs), 0, 20_000, stepMs)
    const { times, lengths, values } = percentilesOver(history.rows, row => history.lengthOf(row))
    const stated = 2 ** (2 ** -SCALE) - 1
    for (const [at, timeMs] of times.entries()) {
      const endMs = timeMs + lengths[at]! / 2
      const fromMs = endMs - Math.max(1000, stepMs)
      const within = all.filter(({ atMs }) => atMs < endMs && atMs >= fromMs).map(({ value }) => value).sort((a, b) => a - b)
      for (const [i, quantile] of PERCENTILES.entries()) {
        const exact = within[Math.ceil(quantile * within.length - 1e-9) - 1]!
        expect(Math.abs(values[i]![at]! / exact - 1)).toBeLessThanOrEqual(stated + 1e-9)
      }
    }
  })

  it('of seconds that are kept are those of each second alone, in whatever steps they were asked for', () => {
    const all = measurements(4000, 5)
    const history = new HistogramHistory()
    history.replace(rowsOf(all, 1000), 0, 20_000, 50)
    const { values, lengths } = percentilesOver(history.rows, row => history.lengthOf(row))
    const bySeconds = new HistogramHistory()
    bySeconds.replace(rowsOf(all, 1000), 0, 20_000, 1000)
    expect(lengths).toEqual(Array.from({ length: 20 }, () => 1000))
    expect(values).toEqual(percentilesOver(bySeconds.rows, row => bySeconds.lengthOf(row)).values)
  })
})

describe('the cells of a heat map with history', () => {
  const all = measurements(2000, 5)

  it.each([[100, 20], [100, 100], [50, 500], [1000, 1000]])('count each measurement once: slices of %i ms, steps of %i ms', (sliceMs, stepMs) => {
    // The stream begins in the middle of a step.
    const live = liveOf(all.filter(({ atMs }) => atMs >= 4030))
    const history = new HistogramHistory()
    history.setLive([{ histogram: live, shiftMs: noShift }])
    const cells = new HeatCells()
    cells.setSources([{ histogram: live, shiftMs: noShift }], history)
    cells.configure(sliceMs, 0, 8, 64)
    cells.update(0, 9999)
    expect(sliceCounts(cells, 4000 / sliceMs).reduce((sum, count) => sum + count)).toBe(0)
    history.replace(rowsOf(all.filter(({ atMs }) => atMs < Math.ceil(4030 / stepMs) * stepMs), stepMs), 0, 4500, stepMs)
    cells.update(0, 9999)
    expect(sliceCounts(cells, 10_000 / sliceMs)).toEqual(Array.from({ length: 10_000 / sliceMs }, () => sliceMs / 5))
  })

  it('spread a minute that is kept as one over its slices', () => {
    const minute = rowsOf(measurements(60, 1000), 60_000)[0]!
    const history = new HistogramHistory()
    history.replace([0, 60_000, 120_000].map(fromMs => ({ ...minute, fromMs })), 0, 180_000, 50)
    const cells = new HeatCells()
    cells.setSources([], history)
    cells.configure(1000, 0, 8, 64)
    cells.update(0, 179_999)
    expect(sliceCounts(cells, 180)).toEqual(Array.from({ length: 180 }, () => 1))
  })

  it('leave to the history what the stream has forgotten', () => {
    const live = liveOf(all)
    const history = new HistogramHistory()
    history.setLive([{ histogram: live, shiftMs: noShift }])
    expect(history.lacks(0, 9999, 50)).toBe(false)
    for (let i = 0; i < 2500; i++) {
      live.beginRow(10_000 + i * 5, SCALE, 5000)
      live.finishRow(0, 0, 0, 0, 0)
    }
    expect(history.liveFromMs).toBeGreaterThanOrEqual(4995)
    expect([history.lacks(0, 9999, 50), history.lacks(5000, 9999, 50)]).toEqual([true, false])
  })
})

describe('the lengths of rows', () => {
  it('are the step, or the seconds and minutes of the oldest time', () => {
    expect(lengthsOf([0, 60_000, 120_000, 121_000, 122_000, 122_050, 122_100], 50)).toEqual([60_000, 60_000, 1000, 1000, 50, 50, 50])
    expect(lengthsOf([0, 0, 1000, 2000], 50)).toEqual([1000, 1000, 1000, 1000])
    expect(lengthsOf([0, 1000, 60_000], 1000)).toEqual([1000, 1000, 1000])
    expect(lengthsOf([120], 50)).toEqual([50])
  })
})

describe('readBuckets', () => {
  it('reads exponential buckets and those with the sender\'s bounds, and of a strange answer nothing', () => {
    const answer = {
      series: [
        { timestamps_ns: ['5000000'], buckets: [{ scale: 6, zero_count: 1, positive_offset: -3, positive_counts: [4], negative_offset: 0, negative_counts: [] }] },
        { timestamps_ns: ['5000000'], buckets: [{ bounds: [1, 2], counts: [0, 7, 0] }] },
        { timestamps_ns: ['5000000'], buckets: [] },
      ],
    }
    const read = readBuckets(answer, 1_000_000n)!
    expect([read.rows.length, read.rows[0]!.fromMs, read.truncated]).toEqual([2, 4, false])
    const history = new HistogramHistory()
    history.replace(read.rows, 0, 10, 10)
    const { times, values } = percentilesOver(history.rows, row => history.lengthOf(row))
    expect(times).toEqual([9])
    // Five of twelve are below, seven between 1 and 2: the sixth is the first of these.
    expect(values[0]![0]).toBeCloseTo(1 + 1 / 7, 9)
    expect(readBuckets('no', 0n)).toBeNull()
    expect(readBuckets({ series: [], truncated: true }, 0n)!.truncated).toBe(true)
  })
})
