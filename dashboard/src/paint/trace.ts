// Data plane: a column's rows as a canvas path. Below a third of a pixel per row a pixel column is drawn as its first,
// lowest, highest and last value, which covers the same pixels as all its rows.
import { ROW_BREAK, ROW_CONFLATED, type Column } from '../store/column'

/** What the path calls need of a canvas context: tests record them. */
export type PathContext = Pick<CanvasRenderingContext2D, 'moveTo' | 'lineTo' | 'beginPath' | 'stroke' | 'fill' | 'closePath'>

/** Where time and value are on the canvas, in device pixels. */
export type Projection = {
  /** Time at x = 0. */
  leftMs: number
  msPerPixel: number
  /** Value at the bottom, and pixels per unit. */
  minValue: number
  pixelsPerUnit: number
  height: number
}

const DENSE_ROWS_PER_PIXEL = 3
/** Half the width of the dot that a row without neighbours is drawn as. */
const DOT = 0.75

export function xOf(projection: Projection, timeMs: number): number {
  return (timeMs - projection.leftMs) / projection.msPerPixel
}

export function yOf(projection: Projection, value: number): number {
  return projection.height - (value - projection.minValue) * projection.pixelsPerUnit
}

/**
 * Adds the rows of [fromMs, toMs] to the current path, with one row beyond each end, so that the line crosses the edge.
 * `baseline`: close every segment to this y for a filled area; NaN for a line.
 */
export function trace(
  context: PathContext, column: Column, projection: Projection, shiftMs: number, fromMs: number, toMs: number, baseline: number,
): void {
  const first = Math.max(column.start, column.indexFrom(fromMs - shiftMs) - 1)
  const last = Math.min(column.end, column.indexFrom(toMs - shiftMs) + 1)
  if (last <= first) return
  const dense = column.intervalMs * DENSE_ROWS_PER_PIXEL < projection.msPerPixel
  if (dense) traceDense(context, column, projection, shiftMs, first, last, baseline)
  else traceRows(context, column, projection, shiftMs, first, last, baseline)
}

function traceRows(
  context: PathContext, column: Column, projection: Projection, shiftMs: number, first: number, last: number, baseline: number,
): void {
  const { times, values, flags, lows, highs } = column
  let length = 0
  let startX = 0
  let x = 0
  let y = 0
  for (let row = first; row < last; row++) {
    const value = values[row]!
    const broken = (flags[row]! & ROW_BREAK) !== 0
    if (length > 0 && (broken || Number.isNaN(value))) {
      endSegment(context, length, startX, x, y, baseline)
      length = 0
    }
    if (Number.isNaN(value)) continue
    x = xOf(projection, times[row]! + shiftMs)
    y = yOf(projection, value)
    if (length++ === 0) {
      startX = x
      startSegment(context, x, y, baseline)
    }
    if (lows !== null && highs !== null && (flags[row]! & ROW_CONFLATED) !== 0) {
      context.lineTo(x, yOf(projection, lows[row]!))
      context.lineTo(x, yOf(projection, highs[row]!))
    }
    context.lineTo(x, y)
  }
  if (length > 0) endSegment(context, length, startX, x, y, baseline)
}

function traceDense(
  context: PathContext, column: Column, projection: Projection, shiftMs: number, first: number, last: number, baseline: number,
): void {
  const { times, values, flags } = column
  const lows = column.lows ?? values
  const highs = column.highs ?? values
  let length = 0
  let startX = 0
  let pixel = Number.NaN
  let low = 0
  let high = 0
  let y = 0
  for (let row = first; row < last; row++) {
    const value = values[row]!
    const empty = Number.isNaN(value)
    const at = Math.floor(xOf(projection, times[row]! + shiftMs))
    if (length > 0 && (empty || at !== pixel || (flags[row]! & ROW_BREAK) !== 0)) {
      flushPixel(context, pixel + 0.5, low, high, y)
      if (empty || (flags[row]! & ROW_BREAK) !== 0) {
        endSegment(context, length, startX, pixel + 0.5, y, baseline)
        length = 0
      }
      pixel = Number.NaN
    }
    if (empty) continue
    y = yOf(projection, value)
    const rowLow = yOf(projection, lows[row]!)
    const rowHigh = yOf(projection, highs[row]!)
    if (at !== pixel) {
      pixel = at
      low = rowLow
      high = rowHigh
      if (length++ === 0) {
        startX = at + 0.5
        startSegment(context, startX, y, baseline)
      } else {
        context.lineTo(at + 0.5, y)
      }
    } else {
      length++
      if (rowLow > low) low = rowLow
      if (rowHigh < high) high = rowHigh
    }
  }
  if (length > 0) {
    flushPixel(context, pixel + 0.5, low, high, y)
    endSegment(context, length, startX, pixel + 0.5, y, baseline)
  }
}

function startSegment(context: PathContext, x: number, y: number, baseline: number): void {
  if (Number.isNaN(baseline)) {
    context.moveTo(x, y)
  } else {
    context.moveTo(x, baseline)
    context.lineTo(x, y)
  }
}

function flushPixel(context: PathContext, x: number, low: number, high: number, last: number): void {
  context.lineTo(x, low)
  context.lineTo(x, high)
  context.lineTo(x, last)
}

function endSegment(context: PathContext, length: number, startX: number, x: number, y: number, baseline: number): void {
  if (!Number.isNaN(baseline)) {
    context.lineTo(x, baseline)
    context.lineTo(startX, baseline)
  } else if (length === 1) {
    context.moveTo(x - DOT, y)
    context.lineTo(x + DOT, y)
  }
}
