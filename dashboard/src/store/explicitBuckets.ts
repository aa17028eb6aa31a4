import type { HistogramColumn } from './histogramColumn'

/** Buckets with the sender's own bounds are kept as points at this scale, finer than any bounds in use. */
export const EXPLICIT_SCALE = 6
const INDEXES_PER_OCTAVE = 2 ** EXPLICIT_SCALE

/**
 * Where the count of explicit bucket `bucket` is kept: at the geometric middle of its bounds, the last one just above its bound. Its
 * bounds are remembered in the column, for quantiles to interpolate between, and so is how far off they leave a quantile.
 * NaN: the bucket of zero and below.
 */
export function explicitBucketIndex(
  column: HistogramColumn, bounds: Float64Array, first: number, boundCount: number, bucket: number, min: number, max: number,
): number {
  const lower = bucket === 0 ? Number.NEGATIVE_INFINITY : bounds[first + bucket - 1]!
  const upper = bucket === boundCount ? Number.POSITIVE_INFINITY : bounds[first + bucket]!
  const high = upper === Number.POSITIVE_INFINITY ? (Number.isNaN(max) ? lower : max) : upper
  if (!(high > 0)) return Number.NaN
  const low = Math.min(high, lower > 0 ? lower : min > 0 ? min : high / 2)
  column.boundsErrorRatio = Math.max(column.boundsErrorRatio, high / low - 1)
  const isLast = bucket === boundCount && lower > 0
  const index = isLast
    ? Math.floor(Math.log2(lower) * INDEXES_PER_OCTAVE)
    : Math.ceil(Math.log2(Math.sqrt(lower > 0 ? lower : high / 2) * Math.sqrt(high)) * INDEXES_PER_OCTAVE) - 1
  const known = column.explicitBounds.get(index)
  if (!known || lower < known.lower || upper > known.upper) {
    column.explicitBounds.set(index, { lower: Math.min(lower, known?.lower ?? lower), upper: Math.max(upper, known?.upper ?? upper) })
  }
  return index
}
