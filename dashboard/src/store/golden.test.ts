import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { Aggregator } from './aggregator'
import { applyFrame } from './applyFrame'
import { LatencyLedger } from './ledger'
import type { LiveSeries } from './series'
import type { SeriesKind } from '../wire/control'
import { readFrame, type FrameIndex } from '../wire/frame'

type Numeric = number | 'NaN' | '+Inf' | '-Inf'
type Scalar = { series: number, times: number[], values: (number | string)[] }
type Conflated = { series: number, count: number, time: number, min: Numeric, max: Numeric, last: Numeric }
type Histogram = {
  series: number, scale: number, positiveOffset: number, positive: number[], negativeOffset: number, negative: number[], time: number,
  count: number, zeroCount: number, sum: Numeric, min: Numeric, max: Numeric
}
type Explicit = { series: number, time: number, count: number, sum: Numeric, counts: number[] }
type Golden = {
  header: Record<'version' | 'rateHz' | 'flags' | 'tick' | 'frameBytes' | 'sectionCount' | 'sampleCount' | 'overwrittenCount', number>
    & Record<'sessionId' | 'framedNs' | 'baseNs', string>
  gauges: Scalar[], counters: Scalar[], conflated: Conflated[], histograms: Histogram[], explicitHistograms: Explicit[]
  stamps: { source: number, recorded: number, received: number, clockOffset: number }[]
}

const folder = new URL('../../../proto/golden/', import.meta.url)
const names = readdirSync(folder).filter(name => name.startsWith('frame-') && name.endsWith('.bin')).map(name => name.slice(0, -4))

function load(name: string): { golden: Golden, buffer: ArrayBuffer } {
  const bytes = readFileSync(new URL(`${name}.bin`, folder))
  const buffer = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength)
  return { golden: JSON.parse(readFileSync(new URL(`${name}.json`, folder), 'utf8')) as Golden, buffer }
}

function numeric(value: number | string): number {
  return value === '+Inf' ? Number.POSITIVE_INFINITY : value === '-Inf' ? Number.NEGATIVE_INFINITY : Number(value)
}

/** An aggregator that knows every series of the frame, and the frame applied to it. */
function applied(golden: Golden, buffer: ArrayBuffer): { index: FrameIndex, aggregator: Aggregator, ledger: LatencyLedger } {
  // Times are compared as milliseconds since the frame's own base.
  const result = readFrame(buffer, BigInt(golden.header.baseNs))
  if (!result.ok) throw new Error(result.error)
  const ledger = new LatencyLedger()
  const aggregator = new Aggregator(0, 'http://golden', ledger)
  const declare = (id: number, kind: SeriesKind) => aggregator.declare([
    { id, source: 1, service: 's', instance: 'i', name: `series-${id}`, labels: {}, kind, unit: '' },
  ])
  for (const row of [...golden.gauges, ...golden.conflated]) declare(row.series, 'gauge')
  for (const row of golden.counters) declare(row.series, 'counter')
  for (const row of [...golden.histograms, ...golden.explicitHistograms]) declare(row.series, 'histogram')
  applyFrame(aggregator, buffer, result.index, 0, Number.NEGATIVE_INFINITY)
  return { index: result.index, aggregator, ledger }
}

/** The row of a series at a time; `earlier` rows of the same instant come before it, because large buckets are split over rows. */
function rowAt(times: { indexFrom(timeMs: number): number }, time: number, earlier: number): number {
  return times.indexFrom(time / 1e6 - 1e-6) + earlier
}

function earlierOf(rows: readonly { series: number, time: number }[], index: number): number {
  return rows.slice(0, index).filter(row => row.series === rows[index]!.series && row.time === rows[index]!.time).length
}

function series(aggregator: Aggregator, id: number): LiveSeries {
  return aggregator.byId[id]!
}

describe.each(names)('%s', name => {
  const { golden, buffer } = load(name)

  it('has the header that its description says', () => {
    const { index } = applied(golden, buffer)
    const { header } = golden
    const { rateHz, flags, tick, sampleCount, overwrittenCount } = header
    expect(index).toMatchObject({ rateHz, flags, tick, sampleCount, overwrittenCount })
    expect(BigInt(index.sessionHigh) << 32n | BigInt(index.sessionLow)).toBe(BigInt(header.sessionId))
    expect(index.baseMs).toBe(0)
    expect(index.framedMs).toBeCloseTo(Number(BigInt(header.framedNs) - BigInt(header.baseNs)) / 1e6, 6)
  })

  it('fills columns with its samples', () => {
    const { aggregator } = applied(golden, buffer)
    for (const expected of [...golden.gauges, ...golden.counters]) {
      const column = series(aggregator, expected.series).column!
      const rows = expected.times.map((time, i) => [time / 1e6, numeric(expected.values[i]!)]).sort(([a], [b]) => a! - b!)
      expect(Array.from(column.times.subarray(column.start, column.end))).toEqual(rows.map(([time]) => expect.closeTo(time!, 6) as number))
      expect(Array.from(column.values.subarray(column.start, column.end))).toEqual(rows.map(([, value]) => value))
    }
    expect(aggregator.undeclaredSamples).toBe(0)
  })

  it('fills columns with its conflated rows', () => {
    const { aggregator } = applied(golden, buffer)
    for (const expected of golden.conflated) {
      const column = series(aggregator, expected.series).column!
      const row = column.indexFrom(expected.time / 1e6 - 1e-6)
      expect(column.times[row]).toBeCloseTo(expected.time / 1e6, 6)
      expect(column.values[row]).toBe(numeric(expected.last))
      const min = column.lows === null ? column.values[row] : column.lows[row]
      const max = column.highs === null ? column.values[row] : column.highs[row]
      expect([min, max]).toEqual([numeric(expected.min), numeric(expected.max)])
    }
  })

  it('fills columns with its histograms', () => {
    const { aggregator } = applied(golden, buffer)
    for (const [i, expected] of golden.histograms.entries()) {
      const histogram = series(aggregator, expected.series).histogram!
      const row = rowAt(histogram, expected.time, earlierOf(golden.histograms, i))
      expect(histogram.counts[row]).toBe(expected.count)
      expect(histogram.zeroCounts[row]).toBe(expected.zeroCount)
      expect(histogram.sums[row]).toBe(numeric(expected.sum))
      const shift = Math.max(0, expected.scale - histogram.scales[row]!)
      const wanted = new Map<string, number>()
      const add = (sign: string, offset: number, counts: number[]) => counts.forEach((count, i) => {
        const key = `${sign}${(offset + i) >> shift}`
        if (count > 0) wanted.set(key, (wanted.get(key) ?? 0) + count)
      })
      add('-', expected.negativeOffset, expected.negative)
      add('+', expected.positiveOffset, expected.positive)
      const got = new Map<string, number>()
      for (let i = 0; i < histogram.pairCounts[row]!; i++) {
        const pair = histogram.pairStarts[row]! + i
        got.set(`${i < histogram.negativePairs[row]! ? '-' : '+'}${histogram.pairIndexes[pair]!}`, histogram.pairValues[pair]!)
      }
      expect(got).toEqual(wanted)
    }
  })

  it('keeps every measurement of its explicit histograms', () => {
    const { aggregator } = applied(golden, buffer)
    for (const [i, expected] of golden.explicitHistograms.entries()) {
      const histogram = series(aggregator, expected.series).histogram!
      const row = rowAt(histogram, expected.time, earlierOf(golden.explicitHistograms, i))
      let measurements = histogram.zeroCounts[row]!
      for (let i = 0; i < histogram.pairCounts[row]!; i++) measurements += histogram.pairValues[histogram.pairStarts[row]! + i]!
      expect(measurements).toBe(expected.counts.reduce((total, count) => total + count, 0))
      expect(histogram.counts[row]).toBe(expected.count)
    }
  })

  it('notes its stamps of known sources for the ledger', () => {
    const { aggregator } = applied(golden, buffer)
    for (const stamp of golden.stamps) {
      const source = aggregator.sources.get(stamp.source)
      if (source === undefined) continue
      expect(source.newestRecordedMs).toBeCloseTo(stamp.recorded / 1e6, 6)
      expect(source.clockOffsetMs).toBeCloseTo(stamp.clockOffset / 1e6, 6)
    }
  })
})

it('finds golden files', () => expect(names.length).toBeGreaterThan(5))
