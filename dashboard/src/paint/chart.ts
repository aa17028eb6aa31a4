// What every chart is given in one frame, and what it reports of itself.
import type { Gap } from '../store/gapLog'
import type { Range } from './scale'
import type { PaintTheme } from './theme'

/** What all charts share in one frame. */
export type PaintFrame = {
  /** Aggregators' clock, in milliseconds since the page's origin. */
  nowMs: number
  edgeMs: number
  spanMs: number
  live: boolean
  /** No aggregator is connected. */
  lost: boolean
  cursorMs: number | null
  cursorVersion: number
  viewVersion: number
  /** Grows when an agent's clock moved, which shifts its lines, and when an event to mark happened. */
  storeVersion: number
  theme: PaintTheme
  themeVersion: number
  originEpochMs: number
  /** Events to mark: lost connections, restarts. */
  events: readonly Gap[]
  eventAt: (timeMs: number, withinMs: number) => string | null
  /** Why nothing was drawn in a hole, as far as the page knows. */
  gapReason: (fromMs: number, toMs: number) => string | null
}

export type Chart = {
  readonly output: ChartOutput
  /** True when something was drawn. */
  paint(frame: PaintFrame): boolean
  invalidate(): void
}

/** The newest point of a line that is on the canvas. */
export type PaintedPoint = {
  readonly label: string
  readonly colour: number
  /** Milliseconds since the Unix epoch. */
  timeMs: number
  value: number
  /** Pixel column in the data canvas, in device pixels. */
  x: number
  /** Where the line's middle is, in device pixels from the top; its pixel row is the whole part. */
  y: number
}

export type ChartOutput = {
  readonly name: string
  readonly canvas: HTMLCanvasElement
  /** Times that anything was drawn on this chart. */
  paints: number
  /** The axis, bottom to top. */
  range: Range
  msPerPixel: number
  points: PaintedPoint[]
}
