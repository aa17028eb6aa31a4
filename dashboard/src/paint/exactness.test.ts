// What the page shows against raw data made here: never against what an aggregator says.
import { describe, expect, it } from 'vitest'
import { xOf, yOf, trace, type PathContext, type Projection } from './trace'
import { seeded } from '../wire/testFrames'
import { Column, ROW_CONFLATED } from '../store/column'
import { ExploreView, QUERY_DEFAULT } from '../store/explore'
import { entry, TestStore } from '../store/testing'
import { statsOf } from '../store/windowStats'

const SAMPLES = 200_000
const STEP_MS = 20
const WIDTH = 1200
const ZOOMS_MS = [1000, 5000, 30_000, 120_000, 600_000, 3_600_000, SAMPLES * STEP_MS]

/** A gauge with rare spikes of one sample: what averaging would lose. */
function rawValues(): Float64Array {
  const random = seeded(11)
  const spike = () => (random() < 0.0005 ? (random() - 0.5) * 1e4 : random())
  return Float64Array.from({ length: SAMPLES }, (_, i) => 50 + 10 * Math.sin(i / 500) + spike())
}

/** As the stream brings it: raw, and conflated where the page was slow; thinned too, because it is more than a column holds. */
function columnOf(raw: Float64Array): Column {
  const random = seeded(5)
  const column = new Column()
  for (let i = 0; i < raw.length;) {
    const group = Math.min(raw.length - i, random() < 0.5 ? 1 : 1 + Math.floor(random() * 12))
    const values = raw.subarray(i, i + group)
    const [low, high] = [Math.min(...values), Math.max(...values)]
    const flags = group > 1 ? ROW_CONFLATED : 0
    column.appendRow(i * STEP_MS, (i + group - 1) * STEP_MS, values.at(-1)!, low, high, flags, Number.NEGATIVE_INFINITY)
    i += group
  }
  return column
}

describe('minimum and maximum, against the raw samples', () => {
  const raw = rawValues()
  const column = columnOf(raw)

  it.each(ZOOMS_MS)('are exact in a window of %i ms, wherever it lies', spanMs => {
    const random = seeded(spanMs)
    for (let trial = 0; trial < 20; trial++) {
      // Between two rows: a row stands for its samples as a whole.
      const first = column.start + Math.floor(random() * (column.count - 2))
      const toMs = column.times[first]! + Math.min(spanMs, column.newestMs - column.times[first]!)
      const last = column.indexFrom(toMs + 1e-6) - 1
      const from = first === column.start ? 0 : Math.round(column.times[first - 1]! / STEP_MS) + 1
      const samples = raw.subarray(from, Math.round(column.times[last]! / STEP_MS) + 1)
      let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
      for (const value of samples) {
        if (value < low) low = value
        if (value > high) high = value
      }
      const stats = statsOf(column, 0, column.times[first]!, column.times[last]!)
      expect([stats.min, stats.max]).toEqual([low, high])
    }
  })

  it.each(ZOOMS_MS)('are in the painted line of a window of %i ms', spanMs => {
    const toMs = column.newestMs
    const projection: Projection = { leftMs: toMs - spanMs, msPerPixel: spanMs / WIDTH, minValue: -6000, pixelsPerUnit: 0.05, height: 600 }
    let [top, bottom] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
    const see = (_x: number, y: number) => {
      top = Math.min(top, y)
      bottom = Math.max(bottom, y)
    }
    const nothing = () => undefined
    const context: PathContext = { moveTo: see, lineTo: see, beginPath: nothing, stroke: nothing, fill: nothing, closePath: nothing }
    trace(context, column, projection, 0, projection.leftMs, toMs, Number.NaN)
    const { min, max } = statsOf(column, 0, projection.leftMs, toMs)
    expect(top).toBeLessThanOrEqual(yOf(projection, max) + 1e-9)
    expect(bottom).toBeGreaterThanOrEqual(yOf(projection, min) - 1e-9)
    expect(xOf(projection, toMs)).toBe(WIDTH)
  })
})

describe('quantiles, against the sorted measurements of all instances', () => {
  const SCALE = 5
  /** A bucket's width at this scale, which is what the page states. */
  const STATED = 2 ** (2 ** -SCALE) - 1

  it.each([1, 3, 10])('are within the stated error, merged over %i instances', instances => {
    const random = seeded(instances)
    const test = new TestStore()
    test.declare(...Array.from({ length: instances }, (_, i) => ({ ...entry(i + 1, 'latency', 'histogram', `i-${i}`), source: i + 1 })))
    const all: number[] = []
    for (let instance = 0; instance < instances; instance++) {
      const buckets = new Map<number, number>()
      for (let i = 0; i < 500; i++) {
        // Every instance has a distribution of its own: a mean of percentiles would be far off.
        const value = 2 ** (instance % 4) * Math.exp(1.2 * Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random()))
        all.push(value)
        const bucket = Math.ceil(Math.log2(value) * 2 ** SCALE) - 1
        buckets.set(bucket, (buckets.get(bucket) ?? 0) + 1)
      }
      const first = Math.min(...buckets.keys())
      const positive = Array.from({ length: Math.max(...buckets.keys()) - first + 1 }, (_, i) => buckets.get(first + i) ?? 0)
      test.frame({ histograms: [{ series: instance + 1, time: 0, scale: SCALE, positiveOffset: first, positive }] })
    }
    const view = new ExploreView(test.store, [{ ...QUERY_DEFAULT, selector: 'latency', split: '' }])
    view.derive()
    all.sort((a, b) => a - b)
    for (const [i, quantile] of [0.5, 0.95, 0.99].entries()) {
      const exact = all[Math.ceil(quantile * all.length) - 1]!
      const shown = view.shape.lines[i]!.column.newestValue
      expect(Math.abs(shown / exact - 1)).toBeLessThanOrEqual(STATED + 1e-9)
    }
  })
})
