import type { HistogramColumn } from './histogramColumn'

/** Buckets with the sender's own bounds are kept as points at this scale, finer than any bounds in use. */
export const EXPLICIT_SCALE = 6
const INDEXES_PER_OCTAVE = 2 ** EXPLICIT_SCALE

/**
 * Where the count of explicit bucket `bucket` is kept: at the geometric middle of its bounds. Its bounds are the sender's
 * choice, and so is the error: it is remembered in the column and shown beside the quantiles. NaN: the bucket of zero and below.
 */
export function explicitBucketIndex(
  column: HistogramColumn, bounds: Float64Array, first: number, boundCount: number, bucket: number, min: number, max: number,
): number {
  let low = bucket === 0 ? (min > 0 ? min : Number.NaN) : bounds[first + bucket - 1]!
  let high = bucket === boundCount ? (Number.isNaN(max) ? low : max) : bounds[first + bucket]!
  if (!(high > 0)) return Number.NaN
  if (!(low > 0)) low = high / 2
  if (high < low) high = low
  const errorRatio = Math.sqrt(high / low) - 1
  if (errorRatio > column.boundsErrorRatio) column.boundsErrorRatio = errorRatio
  return Math.ceil(Math.log2(Math.sqrt(low) * Math.sqrt(high)) * INDEXES_PER_OCTAVE) - 1
}
