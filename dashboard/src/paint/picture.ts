import { formatClock, formatDay } from './format'
import type { LivePlot } from './livePlot'
import type { PaintTheme } from './theme'

export type PictureLine = { readonly label: string, readonly colour: number }

const HEAD_PX = 28
const ROW_PX = 16
const PAD_PX = 12
const LEGEND_ROWS_MAX = 24

/** What a plot shows now as one canvas, with its title, its time and its legend, so that it can be understood elsewhere. */
export function pictureOf(
  plot: LivePlot, title: string, lines: readonly PictureLine[], theme: PaintTheme, originEpochMs: number,
): HTMLCanvasElement {
  const { surface, window } = plot
  const { ratio } = surface
  const grid = surface.grid.canvas
  const shown = lines.slice(0, LEGEND_ROWS_MAX)
  const rows = shown.length + (lines.length > shown.length ? 1 : 0)
  const canvas = document.createElement('canvas')
  canvas.width = grid.width + 2 * PAD_PX * ratio
  canvas.height = (HEAD_PX + rows * ROW_PX + 2 * PAD_PX) * ratio + grid.height + surface.time.canvas.height
  const context = canvas.getContext('2d')
  if (context === null) return canvas
  context.fillStyle = theme.surface
  context.fillRect(0, 0, canvas.width, canvas.height)
  const left = PAD_PX * ratio
  context.textBaseline = 'middle'
  context.font = `600 ${13 * ratio}px ${theme.font}`
  context.fillStyle = theme.text
  context.fillText(title, left, (HEAD_PX / 2 + PAD_PX / 2) * ratio)
  context.font = `${11 * ratio}px ${theme.font}`
  context.fillStyle = theme.textMuted
  context.textAlign = 'right'
  const [fromMs, toMs] = [originEpochMs + window.leftMs, originEpochMs + window.edgeMs]
  context.fillText(`${formatDay(fromMs)} ${formatClock(fromMs)} – ${formatClock(toMs)}`, canvas.width - left, (HEAD_PX / 2 + PAD_PX / 2) * ratio)
  context.textAlign = 'left'
  const top = (HEAD_PX + PAD_PX) * ratio
  context.drawImage(grid, left, top)
  context.drawImage(surface.data.canvas, left + surface.gutter, top)
  context.drawImage(surface.time.canvas, left + surface.gutter, top + grid.height)
  const legendTop = top + grid.height + surface.time.canvas.height
  for (const [index, line] of shown.entries()) {
    const y = legendTop + (index + 0.5) * ROW_PX * ratio
    context.fillStyle = theme.series[line.colour % theme.series.length] ?? theme.text
    context.fillRect(left, y - 4 * ratio, 8 * ratio, 8 * ratio)
    context.fillStyle = theme.text
    context.fillText(line.label, left + 14 * ratio, y)
  }
  if (lines.length > shown.length) {
    context.fillStyle = theme.textFaint
    context.fillText(`and ${lines.length - shown.length} more`, left + 14 * ratio, legendTop + (shown.length + 0.5) * ROW_PX * ratio)
  }
  return canvas
}
