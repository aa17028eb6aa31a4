import 'uplot/dist/uPlot.min.css'
import uPlot from 'uplot'
import { FRAME_MS, pointAt, POINTS, valueOf } from './data.js'

export function create(box, count) {
  const series = [{}, ...Array.from({ length: count }, (_, i) => ({ stroke: `hsl(${i * 37 % 360} 70% 60%)`, width: 1, points: { show: false } }))]
  const data = Array.from({ length: count + 1 }, () => [])
  const plot = new uPlot({ width: 1200, height: 500, series, legend: { show: false }, pxAlign: 0, scales: { y: { range: [0, 120] } } }, data, box)
  let next = pointAt(performance.now()) - POINTS
  return nowMs => {
    const last = pointAt(nowMs)
    if (next > last) return false
    for (; next <= last; next++) {
      data[0].push(next * FRAME_MS / 1000)
      for (let line = 0; line < count; line++) data[line + 1].push(valueOf(line, next))
    }
    for (const column of data) column.splice(0, column.length - POINTS)
    plot.setData(data)
    return true
  }
}
