import { LineContent } from '../src/paint/lineContent'
import { LivePlot } from '../src/paint/livePlot'
import { readTheme } from '../src/paint/theme'
import { Column } from '../src/store/column'
import { canvasesIn, frameOf } from './canvases.js'
import { FRAME_MS, pointAt, POINTS, valueOf } from './data.js'

/** The page's own painter, as its animation loop drives it. */
export function create(box, count) {
  const canvases = canvasesIn(box)
  const content = new LineContent('bench', canvases.data)
  const plot = new LivePlot(canvases, content)
  const columns = Array.from({ length: count }, () => new Column())
  content.setModel({ lines: columns.map((column, colour) => ({ label: `${colour}`, colour, column, shiftMs: () => 0 })), unit: 'ms', area: false })
  const frame = frameOf(readTheme, POINTS * FRAME_MS)
  let next = pointAt(performance.now()) - POINTS
  return nowMs => {
    const keptFromMs = nowMs - 2 * POINTS * FRAME_MS
    for (const last = pointAt(nowMs); next <= last; next++) {
      for (let line = 0; line < count; line++) columns[line].append(next * FRAME_MS, valueOf(line, next), keptFromMs)
    }
    frame.nowMs = frame.edgeMs = nowMs
    const painted = plot.paint(frame)
    for (const column of columns) column.settle()
    return painted
  }
}
