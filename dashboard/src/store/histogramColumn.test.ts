import { describe, expect, it } from 'vitest'
import { HistogramColumn, HISTOGRAM_PAIRS_MAX, HISTOGRAM_ROWS_MAX, HISTOGRAM_SCALE_MAX } from './histogramColumn'

const ALL = Number.NEGATIVE_INFINITY

function add(column: HistogramColumn, timeMs: number, buckets: Record<number, number>, scale = 5, keptFromMs = ALL): boolean {
  if (!column.beginRow(timeMs, scale, keptFromMs)) return false
  let count = 0
  for (const [index, value] of Object.entries(buckets).map(([index, value]) => [Number(index), value] as const).sort(([a], [b]) => a - b)) {
    column.addPositive(index, value)
    count += value
  }
  column.finishRow(count, 0, Number.NaN, Number.NaN, Number.NaN)
  return true
}

function row(column: HistogramColumn, at: number): Record<number, number> {
  const buckets: Record<number, number> = {}
  for (let i = 0; i < column.pairCounts[at]!; i++) {
    const pair = column.pairStarts[at]! + i
    buckets[column.pairIndexes[pair]!] = column.pairValues[pair]!
  }
  return buckets
}

describe('HistogramColumn', () => {
  it('keeps only the buckets that count something', () => {
    const column = new HistogramColumn()
    add(column, 0, { 96: 1, 97: 0, 100: 3 })
    expect(row(column, 0)).toEqual({ 96: 1, 100: 3 })
  })

  it('merges buckets that are finer than it keeps', () => {
    const column = new HistogramColumn()
    add(column, 0, { '-9': 1, '-8': 2, '-1': 4, 0: 8, 7: 16, 8: 32 }, HISTOGRAM_SCALE_MAX + 3)
    expect(row(column, 0)).toEqual({ '-2': 1, '-1': 6, 0: 24, 1: 32 })
    expect(column.scales[0]).toBe(HISTOGRAM_SCALE_MAX)
  })

  it('remembers the coarsest scale of rows that count something', () => {
    const column = new HistogramColumn()
    add(column, 0, {}, 0)
    expect(column.scaleMin).toBe(HISTOGRAM_SCALE_MAX)
    add(column, 20, { 1: 1 }, 3)
    expect(column.scaleMin).toBe(3)
  })

  it('puts a late row where it belongs, with its own buckets', () => {
    const column = new HistogramColumn()
    for (const t of [0, 20, 60]) add(column, t, { [t]: t + 1 })
    add(column, 40, { 40: 41 })
    expect(Array.from(column.times.subarray(0, 4))).toEqual([0, 20, 40, 60])
    expect([0, 1, 2, 3].map(at => row(column, at))).toEqual([{ 0: 1 }, { 20: 21 }, { 40: 41 }, { 60: 61 }])
  })

  it('drops a repetition', () => {
    const column = new HistogramColumn()
    for (const t of [0, 20, 40]) add(column, t, { 1: 1 })
    expect(add(column, 20, { 1: 1 })).toBe(false)
    expect([column.count, column.duplicates]).toEqual([3, 1])
  })

  it('keeps rows whole through growing and forgetting', () => {
    const column = new HistogramColumn()
    for (let i = 0; i < 20_000; i++) add(column, i * 20, { [i % 500]: i, [600 + i % 7]: 1 }, 5, i * 20 - 30_000)
    expect(column.count).toBeGreaterThanOrEqual(1500)
    expect(column.times.length).toBeLessThanOrEqual(4096)
    for (let at = column.start; at < column.end; at++) {
      const i = column.times[at]! / 20
      expect(row(column, at)).toEqual({ [i % 500]: i, [600 + i % 7]: 1 })
    }
  })

  it('at its limit of rows sheds the oldest, and counts them', () => {
    const column = new HistogramColumn()
    for (let i = 0; i < HISTOGRAM_ROWS_MAX + 1; i++) add(column, i, { 1: 1 })
    expect(column.times.length).toBe(HISTOGRAM_ROWS_MAX)
    expect(column.shed + column.count).toBe(HISTOGRAM_ROWS_MAX + 1)
    expect(column.newestMs).toBe(HISTOGRAM_ROWS_MAX)
  })

  it('at its limit of buckets sheds the oldest rows, and keeps the one being written', () => {
    const column = new HistogramColumn()
    const buckets = Object.fromEntries(Array.from({ length: 1000 }, (_, i) => [i * 2, i + 1]))
    const wanted = Math.ceil(HISTOGRAM_PAIRS_MAX / 1000) + 10
    for (let i = 0; i < wanted; i++) add(column, i * 20, buckets)
    expect(column.shed).toBeGreaterThan(0)
    expect(column.shed + column.count).toBe(wanted)
    for (const at of [column.start, column.end - 1]) expect(row(column, at)).toEqual(buckets)
  })
})
