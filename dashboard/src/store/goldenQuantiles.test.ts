import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { EXPLICIT_SCALE, explicitBucketIndex } from './explicitBuckets'
import { HistogramColumn } from './histogramColumn'
import { PercentileLines, PERCENTILES, percentilesOf, percentilesOver } from './percentiles'

type Golden = { description: string, count: number, min: number | null, max: number | null, quantiles: { q: number, value: number }[] } & (
  | { bounds: number[], counts: number[] }
  | { scale: number, zero_count: number, positive_offset: number, positive: number[], negative_offset: number, negative: number[] })

const cases = JSON.parse(readFileSync(new URL('../../../proto/golden/quantiles.json', import.meta.url), 'utf8')) as Golden[]

function columnOf(golden: Golden): HistogramColumn {
  const column = new HistogramColumn()
  const [min, max] = [golden.min ?? Number.NaN, golden.max ?? Number.NaN]
  let zeroCount = 0
  if ('bounds' in golden) {
    const bounds = Float64Array.from(golden.bounds)
    column.beginRow(0, EXPLICIT_SCALE, Number.NEGATIVE_INFINITY)
    golden.counts.forEach((count, i) => {
      if (count > 0) column.addPositive(explicitBucketIndex(column, bounds, 0, bounds.length, i, min, max), count)
    })
  } else {
    column.beginRow(0, golden.scale, Number.NEGATIVE_INFINITY)
    golden.negative.forEach((count, i) => column.addNegative(golden.negative_offset + i, count))
    golden.positive.forEach((count, i) => column.addPositive(golden.positive_offset + i, count))
    zeroCount = golden.zero_count
  }
  column.finishRow(golden.count, zeroCount, 0, min, max)
  return column
}

describe('a percentile', () => {
  it.each(cases.map(golden => [golden.description, golden] as const))('is the golden one: %s', (_, golden) => {
    const column = columnOf(golden)
    const expected = PERCENTILES.map(q => golden.quantiles.find(quantile => quantile.q === q)!.value)
    const source = { histogram: column, shiftMs: () => 0 }
    const table = new Float64Array(PERCENTILES.length)
    percentilesOf([source], 0, table)
    const lines = new PercentileLines()
    lines.setSources([source])
    lines.update(Number.NEGATIVE_INFINITY)
    const history = percentilesOver(column, () => 20)
    PERCENTILES.forEach((_, i) => {
      for (const value of [table[i]!, lines.columns[i]!.values[0]!, history.values[i]![0]!]) {
        expect(Math.abs(value - expected[i]!)).toBeLessThanOrEqual(1e-9 * Math.abs(expected[i]!))
      }
    })
  })
})
