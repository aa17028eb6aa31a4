import { describe, expect, it } from 'vitest'
import { seeded } from '../wire/testFrames'
import { Column, ROW_BREAK, ROW_CONFLATED } from './column'
import { MergedLine, sumOf, weightedMeanOf, type GaugeSource } from './merge'
import { RateLine } from './rate'

const ALL = Number.NEGATIVE_INFINITY
const noShift = () => 0

function column(samples: [number, number][]): Column {
  const made = new Column()
  for (const [timeMs, value] of samples) made.append(timeMs, value, ALL)
  return made
}

function source(samples: [number, number][], shiftMs = 0): GaugeSource {
  return { column: column(samples), shiftMs: () => shiftMs }
}

function rows({ column: made }: { column: Column }): [number, number][] {
  return Array.from({ length: made.count }, (_, i) => [made.times[made.start + i]!, made.values[made.start + i]!])
}

describe('MergedLine', () => {
  it('adds the instances up at the times of their samples', () => {
    const line = new MergedLine(sumOf)
    line.setSources([source([[0, 1], [20, 2], [40, 3]]), source([[10, 10], [30, 20], [50, 30]])], 1)
    line.update(ALL)
    expect(rows(line)).toEqual([[10, 11], [30, 22], [50, 33]])
  })

  it('counts an instance for a second after its last sample, and no longer', () => {
    const line = new MergedLine(sumOf)
    const steady: [number, number][] = Array.from({ length: 80 }, (_, i) => [i * 20, 1])
    line.setSources([source(steady), source([[0, 100]])], 1)
    line.update(ALL)
    const at = (timeMs: number) => rows(line).find(([time]) => time === timeMs)?.[1]
    expect([at(0), at(1000), at(1020)]).toEqual([101, 101, 1])
  })

  it('weighs a ratio by what it is a ratio of', () => {
    const line = new MergedLine(weightedMeanOf)
    line.setSources([source([[0, 0.5]]), source([[0, 10]]), source([[1, 0.1]]), source([[1, 90]])], 2)
    line.update(ALL)
    expect(rows(line)[0]![1]).toBeCloseTo((5 + 9) / 100, 12)
  })

  it('says 0 errors where there are no requests, and nothing where there is no instance', () => {
    expect(weightedMeanOf(Float64Array.of(0, 0), 1)).toBe(0)
    expect(weightedMeanOf(Float64Array.of(Number.NaN, 5), 1)).toBeNaN()
    expect(sumOf(Float64Array.of(Number.NaN, Number.NaN), 2)).toBeNaN()
    expect(sumOf(Float64Array.of(Number.NaN, 2), 2)).toBe(2)
  })

  it('keeps the spikes of conflated rows and of rows that share a point', () => {
    const spiky = new Column()
    spiky.append(0, 1, ALL)
    spiky.appendRow(1, 19, 2, -5, 50, ROW_CONFLATED, ALL)
    const line = new MergedLine(sumOf)
    line.setSources([{ column: spiky, shiftMs: noShift }, source([[0, 100], [5, 300], [10, 100]])], 1)
    line.update(ALL)
    expect(rows(line)).toEqual([[19, 102]])
    expect([line.column.lows![0], line.column.highs![0]]).toEqual([95, 350])
  })

  it('goes on without a gap while a slow class brings its sources once a second, and breaks where they do', () => {
    const slow = () => {
      const made = new Column()
      for (let i = 0; i < 50; i++) made.append(i * 20, 1, ALL)
      for (let i = 0; i < 5; i++) made.appendRow(1000 + i * 1000, 1980 + i * 1000, 1, 0, 2, ROW_CONFLATED, ALL)
      made.append(30_000, 1, ALL)
      return { column: made, shiftMs: noShift }
    }
    const line = new MergedLine(sumOf)
    line.setSources([slow(), slow()], 1)
    line.update(ALL)
    const broken = rows(line).filter((_, i) => (line.column.flags[line.column.start + i]! & ROW_BREAK) !== 0)
    expect(broken.map(([timeMs]) => timeMs)).toEqual([30_000])
  })

  it('lines hosts up by their clocks', () => {
    const line = new MergedLine(sumOf)
    line.setSources([source([[1000, 1]]), source([[0, 5]], 1000)], 1)
    line.update(ALL)
    expect(rows(line)).toEqual([[1000, 6]])
  })

  it('is the same whether samples come at once, one by one, or late', () => {
    const random = seeded(3)
    const samples = [0, 1].map(i => Array.from({ length: 400 }, (_, k): [number, number] => [k * 20 + i * 7, Math.floor(random() * 100)]))
    const whole = new MergedLine(sumOf)
    whole.setSources(samples.map(list => source(list)), 1)
    whole.update(ALL)
    const growing = [new Column(), new Column()]
    const stepwise = new MergedLine(sumOf)
    stepwise.setSources(growing.map(made => ({ column: made, shiftMs: noShift })), 1)
    const order = samples.flatMap((list, i) => (
      list.map(([timeMs, value], k) => ({ i, timeMs, value, at: timeMs + (k % 9 === 0 ? 100 : 0) }))
    ))
    for (const { i, timeMs, value } of order.sort((a, b) => a.at - b.at)) {
      growing[i]!.append(timeMs, value, ALL)
      stepwise.update(ALL)
      for (const made of growing) made.settle()
    }
    expect(rows(stepwise)).toEqual(rows(whole))
  })

  it('breaks where all instances do', () => {
    const list: [number, number][] = Array.from({ length: 20 }, (_, i) => [i * 20, 1])
    const line = new MergedLine(sumOf)
    line.setSources([source([...list, [2000, 1]]), source(list)], 1)
    line.update(ALL)
    expect(line.column.flags[line.column.end - 1]! & ROW_BREAK).toBe(ROW_BREAK)
  })
})

describe('RateLine', () => {
  it('is the increase per second over a sliding second', () => {
    const counter = column(Array.from({ length: 200 }, (_, i) => [i * 20, i * 3]))
    const rate = new RateLine(counter)
    rate.update(ALL)
    expect(rows(rate).every(([, value]) => Math.abs(value - 150) < 1e-9)).toBe(true)
  })

  it('takes a smaller total for a restart of the counter', () => {
    const rate = new RateLine(column([[0, 1000], [500, 1010], [1000, 4]]))
    rate.update(ALL)
    expect(rows(rate)).toEqual([[500, 20], [1000, 14]])
  })

  it('goes on from where it was, late samples included', () => {
    const counter = column([[0, 0], [100, 1], [300, 3]])
    const rate = new RateLine(counter)
    rate.update(ALL)
    counter.settle()
    counter.append(200, 2, ALL)
    counter.append(400, 4, ALL)
    rate.update(ALL)
    expect(rows(rate)).toEqual([[100, 10], [200, 10], [300, 10], [400, 10]])
  })
})
