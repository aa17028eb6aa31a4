import { describe, expect, it } from 'vitest'
import { seeded } from '../wire/testFrames'
import { Column, ROW_BREAK } from './column'
import { HistogramColumn } from './histogramColumn'
import { HeatCells } from './heatCells'
import { PERCENTILES, PercentileLines, percentilesOf, SLIDING_MS } from './percentiles'

const ALL = Number.NEGATIVE_INFINITY
const noShift = () => 0

type Truth = { timeMs: number, values: number[] }

/** An instance that pushes every 20 ms, and what it measured. */
function instance(seed: number, offsetMs: number, durationMs: number, scale: number): { truth: Truth[], histogram: HistogramColumn } {
  const random = seeded(seed)
  const histogram = new HistogramColumn()
  const truth: Truth[] = []
  for (let timeMs = offsetMs; timeMs < durationMs; timeMs += 20) {
    const values = Array.from({ length: Math.floor(random() * 12) }, () => 5 * Math.exp(2 * random() + random() ** 8 * 4))
    truth.push({ timeMs, values })
    record(histogram, timeMs, values, scale)
  }
  return { truth, histogram }
}

function record(histogram: HistogramColumn, timeMs: number, values: number[], scale: number): void {
  if (!histogram.beginRow(timeMs, scale, ALL)) return
  const buckets = new Map<number, number>()
  let zeros = 0
  for (const value of values) {
    if (value === 0) zeros++
    else {
      const index = Math.ceil(Math.log2(Math.abs(value)) * 2 ** scale) - 1
      buckets.set(index * 2 + (value < 0 ? 1 : 0), (buckets.get(index * 2 + (value < 0 ? 1 : 0)) ?? 0) + 1)
    }
  }
  const sorted = [...buckets].sort(([a], [b]) => a - b)
  for (const [key, count] of sorted) if (key % 2 !== 0) histogram.addNegative(Math.floor(key / 2), count)
  for (const [key, count] of sorted) if (key % 2 === 0) histogram.addPositive(key / 2, count)
  histogram.finishRow(values.length, zeros, Number.NaN, Number.NaN, Number.NaN)
}

/** Nearest rank over the raw measurements of the second that ends at `toMs`. */
function exact(truths: Truth[][], toMs: number, quantile: number): number {
  const rows = truths.flat().filter(row => row.timeMs > toMs - SLIDING_MS && row.timeMs <= toMs)
  const values = rows.flatMap(row => row.values).sort((a, b) => a - b)
  return values.length === 0 ? Number.NaN : values[Math.max(0, Math.ceil(quantile * values.length - 1e-9) - 1)]!
}

describe('PercentileLines', () => {
  it.each([3, 5, 6, 9])('merges instances to within the stated error of the raw measurements (scale %i)', scale => {
    const instances = [instance(1, 0, 3000, scale), instance(2, 7, 3000, scale), instance(3, 13, 3000, scale)]
    const lines = new PercentileLines()
    lines.setSources(instances.map(({ histogram }) => ({ histogram, shiftMs: noShift })))
    lines.update(ALL)
    const ratio = 1 + lines.errorRatio + 1e-9
    expect(lines.errorRatio).toBeCloseTo(2 ** 2 ** -Math.min(scale, 6) - 1, 9)
    const wrong: string[] = []
    let worst = 1
    PERCENTILES.forEach((quantile, i) => {
      const column = lines.columns[i]!
      expect(column.count).toBeGreaterThan(140)
      for (let row = column.start; row < column.end; row++) {
        const truth = exact(instances.map(one => one.truth), column.times[row]!, quantile)
        const value = column.values[row]!
        const off = Math.max(value / truth, truth / value)
        if (!(off < ratio)) wrong.push(`p${quantile} at ${column.times[row]}: ${value} for ${truth}`)
        worst = Math.max(worst, off)
      }
    })
    expect(wrong).toEqual([])
    // The bound is not an idle one: half of it is used.
    expect(worst).toBeGreaterThan(1 + lines.errorRatio / 2)
  })

  it('is the same whether rows come at once, one by one, or late', () => {
    const { truth } = instance(4, 0, 3000, 5)
    const atOnce = new PercentileLines()
    const oneByOne = new PercentileLines()
    const whole = new HistogramColumn()
    const growing = new HistogramColumn()
    for (const row of truth) record(whole, row.timeMs, row.values, 5)
    atOnce.setSources([{ histogram: whole, shiftMs: noShift }])
    oneByOne.setSources([{ histogram: growing, shiftMs: noShift }])
    atOnce.update(ALL)
    // Every seventh row arrives three pushes late.
    const order = truth.map((row, i) => ({ row, at: i % 7 === 6 ? i + 3.5 : i })).sort((a, b) => a.at - b.at)
    for (const { row } of order) {
      record(growing, row.timeMs, row.values, 5)
      oneByOne.update(ALL)
      growing.settle()
    }
    for (let i = 0; i < 3; i++) {
      const [a, b] = [atOnce.columns[i]!, oneByOne.columns[i]!]
      expect(Array.from(b.times.subarray(b.start, b.end))).toEqual(Array.from(a.times.subarray(a.start, a.end)))
      expect(Array.from(b.values.subarray(b.start, b.end))).toEqual(Array.from(a.values.subarray(a.start, a.end)))
    }
  })

  it('computes only from the oldest changed row on', () => {
    const { histogram } = instance(5, 0, 3000, 5)
    const lines = new PercentileLines()
    lines.setSources([{ histogram, shiftMs: noShift }])
    lines.update(ALL)
    histogram.settle()
    lines.update(ALL)
    expect(lines.columns[0]!.dirtyFromMs).toBe(Number.POSITIVE_INFINITY)
    record(histogram, 3000, [5], 5)
    lines.update(ALL)
    expect(lines.columns[0]!.dirtyFromMs).toBe(2980)
  })

  it('has no line where nothing was measured for a second', () => {
    const histogram = new HistogramColumn()
    record(histogram, 0, [5], 5)
    for (let t = 20; t <= 2000; t += 20) record(histogram, t, [], 5)
    const lines = new PercentileLines()
    lines.setSources([{ histogram, shiftMs: noShift }])
    lines.update(ALL)
    const column = lines.columns[0]!
    expect(column.values[column.indexFrom(980)]).not.toBeNaN()
    expect(column.values[column.indexFrom(1000)]).toBeNaN()
  })

  it('moves on with the pulse of an instance that has no requests, and breaks only where the pulse does', () => {
    const histogram = new HistogramColumn()
    const pulse = new Column()
    const lines = new PercentileLines()
    lines.setSources([{ histogram, shiftMs: noShift, pulse }])
    for (let t = 0; t <= 5000; t += 20) {
      if (t > 3000 && t < 4000) continue
      pulse.append(t, 0, ALL)
      if (t === 400) record(histogram, t, [100], 5)
      if (t === 800) record(histogram, t, [10], 5)
      lines.update(ALL)
      histogram.settle()
      pulse.settle()
    }
    const column = lines.columns[2]!
    const at = (timeMs: number) => column.values[column.indexFrom(timeMs)]!
    expect([at(1380), at(1400), at(1780)].map(value => Math.round(value / 10) * 10)).toEqual([100, 10, 10])
    expect([at(380), at(1800), at(2500)]).toEqual([Number.NaN, Number.NaN, Number.NaN])
    const breaks = Array.from(column.times.subarray(0, column.end)).filter((_, row) => (column.flags[row]! & ROW_BREAK) !== 0)
    expect(breaks).toEqual([4000])
  })

  it('orders negative values, zeros and positive values', () => {
    const histogram = new HistogramColumn()
    record(histogram, 0, [-8.1, -2.1, 0, 0, 3.9], 6)
    const into = new Float64Array(3)
    percentilesOf([{ histogram, shiftMs: noShift }], 0, into)
    expect(into[0]).toBe(0)
    expect(into[2]).toBeCloseTo(3.9, 1)
    record(histogram, 20, [-8.1, -8.1, -8.1, -8.1], 6)
    percentilesOf([{ histogram, shiftMs: noShift }], 20, into)
    expect(into[0]).toBeCloseTo(-8.1, 0)
  })

  it('moves an instance by its clock before merging', () => {
    const histogram = new HistogramColumn()
    record(histogram, 0, [5], 5)
    const into = new Float64Array(3)
    percentilesOf([{ histogram, shiftMs: () => 5000 }], 0, into)
    expect(into[0]).toBeNaN()
    percentilesOf([{ histogram, shiftMs: () => 5000 }], 5500, into)
    expect(into[0]).toBeCloseTo(5, 0)
  })
})

describe('HeatCells', () => {
  it('counts every measurement once, at its slice and its row', () => {
    const one = instance(6, 0, 2000, 5)
    const cells = new HeatCells()
    cells.setSources([{ histogram: one.histogram, shiftMs: noShift }])
    cells.configure(100, 0, 4, 60)
    cells.update(0, 2000)
    for (let slice = 0; slice < 20; slice++) {
      const measured = one.truth.filter(row => Math.floor(row.timeMs / 100) === slice).flatMap(row => row.values)
      let counted = 0
      for (let row = 0; row < 60; row++) counted += cells.count(slice, row)
      expect(counted).toBeCloseTo(measured.length, 3)
      const row = Math.floor(Math.log2(Math.max(...measured)) * 4)
      expect(cells.count(slice, row)).toBeGreaterThan(0)
    }
  })

  it('counts a slice again when a late row falls into it', () => {
    const histogram = new HistogramColumn()
    for (let t = 0; t < 1000; t += 20) record(histogram, t, [5], 5)
    const cells = new HeatCells()
    cells.setSources([{ histogram, shiftMs: noShift }])
    cells.configure(100, 0, 1, 10)
    cells.update(0, 1000)
    histogram.settle()
    record(histogram, 310, [5, 5], 5)
    cells.update(0, 1000)
    expect([cells.count(2, 2), cells.count(3, 2)]).toEqual([5, 7])
  })

  it('counts what is off the axis at its end, and spreads wide buckets', () => {
    const histogram = new HistogramColumn()
    record(histogram, 0, [0.001, 1e9], 5)
    record(histogram, 100, [6], 0)
    const cells = new HeatCells()
    cells.setSources([{ histogram, shiftMs: noShift }])
    cells.configure(100, 0, 4, 16)
    cells.update(0, 200)
    expect([cells.count(0, 0), cells.count(0, 15)]).toEqual([1, 1])
    expect([8, 9, 10, 11].map(row => cells.count(1, row))).toEqual([0.25, 0.25, 0.25, 0.25])
    expect(cells.max(0, 200)).toBe(1)
  })
})
