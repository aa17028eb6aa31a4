import { formatClock, formatDay, formatFixed, type Scaled } from './format'
import { timeStepMs, type Ticks } from './scale'
import type { Surface } from './surface'
import type { PaintTheme } from './theme'
import { eachTimeTick } from './timeTicks'
import { xOf, yOf, type Projection } from './trace'

const LABEL_PX = 11
const TIME_LABEL_WIDTH_PX = 76

/** Horizontal lines and the figures beside them. */
export function paintGrid(surface: Surface, projection: Projection, ticks: Ticks, scaled: Scaled, theme: PaintTheme): void {
  const { context, canvas } = surface.grid
  const { ratio, gutter } = surface
  context.clearRect(0, 0, canvas.width, canvas.height)
  context.font = `${LABEL_PX * ratio}px ${theme.font}`
  context.textAlign = 'right'
  context.textBaseline = 'middle'
  const stepInUnit = ticks.step / scaled.factor
  const decimals = Math.max(0, Math.min(6, decimalsOf(stepInUnit)))
  const count = Math.round((ticks.range.max - ticks.range.min) / ticks.step)
  for (let i = 0; i <= count; i++) {
    const value = ticks.range.min + i * ticks.step
    const y = Math.min(surface.height - ratio, Math.round(yOf(projection, value)))
    context.fillStyle = i === 0 ? theme.line : theme.grid
    context.fillRect(gutter, y, surface.width, Math.max(1, Math.round(ratio)))
    context.fillStyle = theme.textFaint
    const labelY = Math.max(LABEL_PX * ratio / 2, Math.min(surface.height - LABEL_PX * ratio / 2, y))
    context.fillText(formatFixed(value / scaled.factor, decimals), gutter - 6 * ratio, labelY)
  }
}

/** The figures of a second axis, on the right; the grid stays that of the first. */
export function paintRightLabels(surface: Surface, projection: Projection, ticks: Ticks, scaled: Scaled, theme: PaintTheme): void {
  const { context } = surface.grid
  const { ratio } = surface
  const left = surface.gutter + surface.width + 6 * ratio
  context.textAlign = 'left'
  context.fillStyle = theme.textFaint
  const decimals = Math.max(0, Math.min(6, decimalsOf(ticks.step / scaled.factor)))
  const count = Math.round((ticks.range.max - ticks.range.min) / ticks.step)
  const half = LABEL_PX * ratio / 2
  for (let i = 0; i <= count; i++) {
    const value = ticks.range.min + i * ticks.step
    const y = Math.max(half, Math.min(surface.height - half, Math.round(yOf(projection, value))))
    context.fillText(formatFixed(value / scaled.factor, decimals), left, y)
  }
}

function decimalsOf(step: number): number {
  for (let decimals = 0; decimals < 6; decimals++) {
    if (Math.abs(step * 10 ** decimals - Math.round(step * 10 ** decimals)) < 1e-6) return decimals
  }
  return 6
}

/** Time as local clock; milliseconds only where the step needs them, the date where the day changes. */
export function paintTimeLabels(surface: Surface, projection: Projection, edgeMs: number, originEpochMs: number, theme: PaintTheme): void {
  const { context, canvas } = surface.time
  const { ratio } = surface
  context.clearRect(0, 0, canvas.width, canvas.height)
  context.font = `${LABEL_PX * ratio}px ${theme.font}`
  context.textBaseline = 'middle'
  context.textAlign = 'center'
  context.fillStyle = theme.textFaint
  const stepMs = timeTickStepMs(surface.width / ratio, edgeMs - projection.leftMs)
  const half = TIME_LABEL_WIDTH_PX / 2.6 * ratio
  eachTimeTick(projection.leftMs, edgeMs, stepMs, originEpochMs, (tick, startsDay) => {
    const x = Math.round(xOf(projection, tick))
    if (x < half || x > surface.width - half) return
    const epochMs = originEpochMs + tick
    context.fillText(startsDay ? formatDay(epochMs) : formatClock(epochMs, stepMs < 1000), x, canvas.height / 2)
  })
}

export function timeTickStepMs(widthPx: number, spanMs: number): number {
  return timeStepMs(spanMs, Math.min(5, Math.max(1, Math.floor(widthPx / TIME_LABEL_WIDTH_PX / 1.15))))
}

/** Faint vertical lines in the data canvas, where shifting the picture moves them at no cost. */
export function paintTimeLines(
  context: CanvasRenderingContext2D, projection: Projection, stepMs: number, fromMs: number, toMs: number, originEpochMs: number,
  ratio: number, colour: string,
): void {
  context.fillStyle = colour
  eachTimeTick(fromMs, toMs, stepMs, originEpochMs, tick => {
    context.fillRect(Math.round(xOf(projection, tick)), 0, Math.max(1, Math.round(ratio)), projection.height)
  })
}
