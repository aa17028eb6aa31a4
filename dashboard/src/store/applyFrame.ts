// Data plane: from a checked frame to columns. Views over the received buffer, one copy into the series' column, nothing
// allocated per sample. `readFrame` has checked every length, so nothing is checked here.
import {
  FLAG_BACKFILL, SECTION_CONFLATED, SECTION_COUNTERS, SECTION_EXPLICIT, SECTION_GAUGES, SECTION_HISTOGRAMS, SECTION_STAMPS, SECTION_STRIDE,
  padTo8, type FrameIndex,
} from '../wire/frame'
import type { Aggregator } from './aggregator'
import { ROW_CONFLATED } from './column'
import { EXPLICIT_SCALE, explicitBucketIndex } from './explicitBuckets'
import type { LiveSeries } from './series'

const NS_TO_MS = 1e-6
const UINT32 = 4294967296
const SAME_INSTANT_MS = 2e-6

/** `arrivedMs`: the aggregator's clock, as the page estimates it, when the frame reached the worker. */
export function applyFrame(aggregator: Aggregator, buffer: ArrayBuffer, index: FrameIndex, arrivedMs: number, keptFromMs: number): void {
  const { sections } = index
  for (let at = 0; at < sections.length; at += SECTION_STRIDE) {
    const offset = sections[at + 1]!
    const a = sections[at + 2]! >>> 0
    const b = sections[at + 3]! >>> 0
    switch (sections[at]) {
      case SECTION_GAUGES: applyGroups(aggregator, buffer, index, offset, a, b, false, keptFromMs); break
      case SECTION_COUNTERS: applyGroups(aggregator, buffer, index, offset, a, b, true, keptFromMs); break
      case SECTION_CONFLATED: applyConflated(aggregator, buffer, index, offset, a, keptFromMs); break
      case SECTION_HISTOGRAMS: applyHistograms(aggregator, buffer, index, offset, a, b, keptFromMs); break
      case SECTION_EXPLICIT: applyExplicit(aggregator, buffer, index, offset, a, b, keptFromMs); break
      case SECTION_STAMPS: applyStamps(aggregator, buffer, index, offset, a, arrivedMs); break
    }
  }
}

function applyGroups(
  aggregator: Aggregator, buffer: ArrayBuffer, index: FrameIndex, offset: number, groups: number, timeCount: number, counters: boolean,
  keptFromMs: number,
): void {
  const stride = padTo8(4 * groups)
  const firsts = new Uint32Array(buffer, offset, groups)
  const seriesCounts = new Uint32Array(buffer, offset + stride, groups)
  const sampleCounts = new Uint32Array(buffer, offset + 2 * stride, groups)
  const times = new Float64Array(buffer, offset + 3 * stride, timeCount)
  const valuesAt = offset + 3 * stride + 8 * timeCount
  let valueCount = 0
  for (let group = 0; group < groups; group++) valueCount += seriesCounts[group]! * sampleCounts[group]!
  const gauges = new Float64Array(buffer, valuesAt, valueCount)
  const words = new Uint32Array(buffer, valuesAt, 2 * valueCount)
  const backfill = (index.flags & FLAG_BACKFILL) !== 0
  let value = 0
  let time = 0
  for (let group = 0; group < groups; group++) {
    const samples = sampleCounts[group]!
    const seriesEnd = firsts[group]! + seriesCounts[group]!
    for (let id = firsts[group]!; id < seriesEnd; id++) {
      const series = accepting(aggregator, id, index, samples, times[time]!)
      const column = series?.column ?? null
      if (column === null) {
        value += samples
        continue
      }
      for (let i = 0; i < samples; i++, value++) {
        const timeMs = index.baseMs + times[time + i]! * NS_TO_MS
        // After a reconnect the backfill repeats the newest row.
        if (backfill && Math.abs(timeMs - column.newestMs) <= SAME_INSTANT_MS) continue
        column.append(timeMs, counters ? words[2 * value]! + words[2 * value + 1]! * UINT32 : gauges[value]!, keptFromMs)
      }
    }
    time += samples
  }
}

function applyConflated(
  aggregator: Aggregator, buffer: ArrayBuffer, index: FrameIndex, offset: number, rows: number, keptFromMs: number,
): void {
  const ids = new Uint32Array(buffer, offset, rows)
  const columnsAt = offset + 2 * padTo8(4 * rows)
  const counts = new Uint32Array(buffer, offset + padTo8(4 * rows), rows)
  const starts = new Float64Array(buffer, columnsAt, rows)
  const times = new Float64Array(buffer, columnsAt + 8 * rows, rows)
  const mins = new Float64Array(buffer, columnsAt + 24 * rows, rows)
  const maxs = new Float64Array(buffer, columnsAt + 32 * rows, rows)
  const lasts = new Float64Array(buffer, columnsAt + 40 * rows, rows)
  for (let row = 0; row < rows; row++) {
    const column = accepting(aggregator, ids[row]!, index, counts[row]!, starts[row]!)?.column
    if (column === undefined || column === null) continue
    const timeMs = index.baseMs + times[row]! * NS_TO_MS
    if (Math.abs(timeMs - column.newestMs) <= SAME_INSTANT_MS) {
      column.duplicates++
    } else {
      // In one frame the raw rows of a series come before its conflated ones, which may be older: those are inserted by time.
      const flags = counts[row]! > 1 ? ROW_CONFLATED : 0
      column.appendRow(index.baseMs + starts[row]! * NS_TO_MS, timeMs, lasts[row]!, mins[row]!, maxs[row]!, flags, keptFromMs)
    }
  }
}

function applyHistograms(
  aggregator: Aggregator, buffer: ArrayBuffer, index: FrameIndex, offset: number, rows: number, bucketCount: number, keptFromMs: number,
): void {
  const stride = padTo8(4 * rows)
  const ids = new Uint32Array(buffer, offset, rows)
  const scales = new Int32Array(buffer, offset + stride, rows)
  const positiveOffsets = new Int32Array(buffer, offset + 2 * stride, rows)
  const positiveLengths = new Uint32Array(buffer, offset + 3 * stride, rows)
  const negativeOffsets = new Int32Array(buffer, offset + 4 * stride, rows)
  const negativeLengths = new Uint32Array(buffer, offset + 5 * stride, rows)
  const columnsAt = offset + 6 * stride
  const times = new Float64Array(buffer, columnsAt, rows)
  const counts = new Float64Array(buffer, columnsAt + 8 * rows, rows)
  const zeroCounts = new Float64Array(buffer, columnsAt + 16 * rows, rows)
  const sums = new Float64Array(buffer, columnsAt + 24 * rows, rows)
  const mins = new Float64Array(buffer, columnsAt + 32 * rows, rows)
  const maxs = new Float64Array(buffer, columnsAt + 40 * rows, rows)
  const buckets = new Uint32Array(buffer, columnsAt + 48 * rows, bucketCount)
  const backfill = (index.flags & FLAG_BACKFILL) !== 0
  let bucket = 0
  for (let row = 0; row < rows; row++) {
    const positives = positiveLengths[row]!
    const negatives = negativeLengths[row]!
    const histogram = accepting(aggregator, ids[row]!, index, 1, times[row]!)?.histogram
    const timeMs = index.baseMs + times[row]! * NS_TO_MS
    const wanted = histogram !== undefined && histogram !== null && !(backfill && Math.abs(timeMs - histogram.newestMs) <= SAME_INSTANT_MS)
    if (wanted && histogram.beginRow(timeMs, scales[row]!, keptFromMs)) {
      for (let i = 0; i < negatives; i++) histogram.addNegative(negativeOffsets[row]! + i, buckets[bucket + positives + i]!)
      for (let i = 0; i < positives; i++) histogram.addPositive(positiveOffsets[row]! + i, buckets[bucket + i]!)
      histogram.finishRow(counts[row]!, zeroCounts[row]!, sums[row]!, mins[row]!, maxs[row]!)
    }
    bucket += positives + negatives
  }
}

function applyExplicit(
  aggregator: Aggregator, buffer: ArrayBuffer, index: FrameIndex, offset: number, rows: number, boundTotal: number, keptFromMs: number,
): void {
  const ids = new Uint32Array(buffer, offset, rows)
  const boundCounts = new Uint32Array(buffer, offset + padTo8(4 * rows), rows)
  const columnsAt = offset + 2 * padTo8(4 * rows)
  const times = new Float64Array(buffer, columnsAt, rows)
  const totals = new Float64Array(buffer, columnsAt + 8 * rows, rows)
  const sums = new Float64Array(buffer, columnsAt + 16 * rows, rows)
  const mins = new Float64Array(buffer, columnsAt + 24 * rows, rows)
  const maxs = new Float64Array(buffer, columnsAt + 32 * rows, rows)
  const bounds = new Float64Array(buffer, columnsAt + 40 * rows, boundTotal)
  const counts = new Uint32Array(buffer, columnsAt + 40 * rows + 8 * boundTotal, boundTotal + rows)
  let bound = 0
  for (let row = 0; row < rows; row++) {
    const boundCount = boundCounts[row]!
    const histogram = accepting(aggregator, ids[row]!, index, 1, times[row]!)?.histogram
    const timeMs = index.baseMs + times[row]! * NS_TO_MS
    const repeated = (index.flags & FLAG_BACKFILL) !== 0 && Math.abs(timeMs - (histogram?.newestMs ?? 0)) <= SAME_INSTANT_MS
    const wanted = histogram !== undefined && histogram !== null && !repeated
    if (wanted && histogram.beginRow(timeMs, EXPLICIT_SCALE, keptFromMs)) {
      let zeroCount = 0
      for (let i = 0; i <= boundCount; i++) {
        const bucketIndex = explicitBucketIndex(histogram, bounds, bound, boundCount, i, mins[row]!, maxs[row]!)
        if (Number.isNaN(bucketIndex)) zeroCount += counts[bound + row + i]!
        else histogram.addPositive(bucketIndex, counts[bound + row + i]!)
      }
      histogram.finishRow(totals[row]!, zeroCount, sums[row]!, mins[row]!, maxs[row]!)
    }
    bound += boundCount
  }
}

function applyStamps(
  aggregator: Aggregator, buffer: ArrayBuffer, index: FrameIndex, offset: number, rows: number, arrivedMs: number,
): void {
  const sources = new Uint32Array(buffer, offset, rows)
  const columnsAt = offset + padTo8(4 * rows)
  const recorded = new Float64Array(buffer, columnsAt, rows)
  const received = new Float64Array(buffer, columnsAt + 8 * rows, rows)
  const offsets = new Float64Array(buffer, columnsAt + 16 * rows, rows)
  for (let row = 0; row < rows; row++) {
    aggregator.stamp(
      sources[row]!, index.baseMs + recorded[row]! * NS_TO_MS, index.baseMs + received[row]! * NS_TO_MS, index.framedMs, arrivedMs,
      offsets[row]! * NS_TO_MS,
    )
  }
}

/** The series that takes the rows; undefined when the id was not declared, or a finer class carries the same samples. */
function accepting(aggregator: Aggregator, id: number, index: FrameIndex, samples: number, firstTime: number): LiveSeries | undefined {
  const series = aggregator.byId[id]
  if (series === undefined) {
    aggregator.undeclaredSamples += samples
    return undefined
  }
  if (index.rateHz < series.acceptedRate) return undefined
  series.acceptedRate = index.rateHz
  if (!series.touched) {
    series.touched = true
    aggregator.touched.push(series)
  }
  if (series.filledRate === 0) {
    series.filledRate = index.rateHz
  } else if ((index.flags & FLAG_BACKFILL) === 0) {
    if (index.rateHz < series.filledRate) series.filledRate = index.rateHz
  } else if (index.rateHz > series.filledRate) {
    // A finer history replaces the coarse rows that it covers.
    series.column?.truncate(index.baseMs + firstTime * NS_TO_MS)
    series.filledRate = index.rateHz
  }
  return series
}
