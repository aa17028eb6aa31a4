import { LivePlot } from '../src/paint/livePlot'
import { readTheme } from '../src/paint/theme'
import { WallContent } from '../src/paint/wallContent'
import { Column } from '../src/store/column'
import { canvasesIn, frameOf } from './canvases.js'
import { valueOf } from './data.js'

const EVERY_MS = 1000
const SPAN_MS = 30_000

/** The heat wall: each series gets a value a second, as the page asks for when there are thousands; they do not come at once. */
export function create(box, count) {
  const canvases = canvasesIn(box)
  const content = new WallContent('bench', canvases.data)
  const plot = new LivePlot(canvases, content)
  const columns = Array.from({ length: count }, () => new Column())
  content.setModel({ rows: columns.map((column, i) => ({ label: `${i}`, service: `${i}`, column, shiftMs: () => 0 })), unit: 'ms' })
  const frame = frameOf(readTheme, SPAN_MS)
  const groups = 10
  const start = performance.now()
  const next = Array.from({ length: groups }, (_, group) => start - SPAN_MS + group * EVERY_MS / groups)
  return nowMs => {
    for (let group = 0; group < groups; group++) {
      for (; next[group] <= nowMs; next[group] += EVERY_MS) {
        for (let i = group; i < count; i += groups) columns[i].append(next[group], valueOf(i, next[group] / 200), nowMs - 2 * SPAN_MS)
      }
    }
    frame.nowMs = frame.edgeMs = nowMs
    const painted = plot.paint(frame)
    for (const column of columns) column.settle()
    return painted
  }
}
