import type { PaintFrame } from './chart'
import { Holes, type LineSource } from './holes'
import { formatClock, formatDuration } from './format'
import type { LiveWindow } from './strip'
import type { Surface } from './surface'
import { xOf, yOf, type Projection } from './trace'

const LABEL_PX = 11
const DOT_RADIUS = 3
/** An event this close to the crosshair is named. */
const EVENT_NEAR_PX = 6

type ColouredLine = LineSource & { readonly colour: number, readonly right?: boolean }
type ProjectionOf = (line: { readonly right?: boolean }) => Projection

/** The crosshair: one instant on all charts, its time, and a dot on each line. */
export function paintCursor(
  surface: Surface, projectionOf: ProjectionOf, lines: readonly ColouredLine[], presence: readonly LineSource[], frame: PaintFrame,
  window: LiveWindow,
): void {
  const { context, canvas } = surface.cursor
  const { ratio, gutter } = surface
  context.clearRect(0, 0, canvas.width, canvas.height)
  const { cursorMs, theme } = frame
  if (cursorMs === null || cursorMs < window.leftMs || cursorMs > window.edgeMs) return
  const x = Math.round((cursorMs - window.leftMs) / window.msPerPixel) + gutter
  context.fillStyle = theme.textMuted
  context.fillRect(x, 0, Math.max(1, Math.round(ratio)), surface.height)
  for (const line of lines) {
    const row = rowAt(line, cursorMs)
    if (row === -1 || Number.isNaN(line.column.values[row]!)) continue
    context.fillStyle = theme.series[line.colour % theme.series.length] ?? theme.text
    context.beginPath()
    const projection = projectionOf(line)
    const rowX = xOf(projection, line.column.times[row]! + line.shiftMs()) + gutter
    context.arc(rowX, yOf(projection, line.column.values[row]!), DOT_RADIUS * ratio, 0, 2 * Math.PI)
    context.fill()
  }
  const toTheLeft = x > canvas.width / 2
  const textX = x + (toTheLeft ? -6 : 6) * ratio
  context.font = `${LABEL_PX * ratio}px ${theme.font}`
  context.textBaseline = 'top'
  context.textAlign = toTheLeft ? 'right' : 'left'
  context.fillStyle = theme.text
  context.fillText(formatClock(frame.originEpochMs + cursorMs, true), textX, 2 * ratio)
  const reason = holeAt(presence, cursorMs, frame) ?? frame.eventAt(cursorMs, EVENT_NEAR_PX * ratio * window.msPerPixel)
  if (reason !== null) context.fillText(reason, textX, (2 + 1.4 * LABEL_PX) * ratio)
}

const holes = new Holes()

/** Why there is nothing at an instant; null when there is something. */
function holeAt(presence: readonly LineSource[], timeMs: number, frame: PaintFrame): string | null {
  holes.find(presence, timeMs, timeMs, Math.max(timeMs, frame.nowMs))
  for (let hole = 0; hole < holes.count; hole++) {
    const fromMs = holes.fromMs[hole]!
    const toMs = holes.toMs[hole]!
    if (timeMs < fromMs || timeMs > toMs) continue
    return `${frame.gapReason(fromMs, toMs) ?? 'no samples arrived'} (${formatDuration(toMs - fromMs)})`
  }
  return null
}

/** The row that a line shows at an instant: the newest not after it, unless the line has ended or is broken there. */
export function rowAt({ column, shiftMs }: LineSource, timeMs: number): number {
  const row = column.indexFrom(timeMs - shiftMs() + 1e-6) - 1
  if (row < column.start) return -1
  return column.holdsAt(row, timeMs - shiftMs()) ? row : -1
}
