import { createRoot } from 'react-dom/client'
import { flushSync } from 'react-dom'
import { useState } from 'react'
import { Line, LineChart, XAxis, YAxis } from 'recharts'
import { pointAt, POINTS, valueOf } from './data.js'

export function create(box, count) {
  let show = () => undefined
  function Chart() {
    const [rows, setRows] = useState([])
    show = setRows
    return (
      <LineChart width={1200} height={500} data={rows}>
        <XAxis dataKey="t" type="number" domain={['dataMin', 'dataMax']} />
        <YAxis domain={[0, 120]} />
        {Array.from({ length: count }, (_, i) => <Line key={i} dataKey={`v${i}`} dot={false} isAnimationActive={false} stroke={`hsl(${i * 37 % 360} 70% 60%)`} />)}
      </LineChart>
    )
  }
  flushSync(() => createRoot(box).render(<Chart />))
  const row = point => {
    const made = { t: point }
    for (let line = 0; line < count; line++) made[`v${line}`] = valueOf(line, point)
    return made
  }
  let rows = []
  let next = pointAt(performance.now()) - POINTS
  return nowMs => {
    const last = pointAt(nowMs)
    if (next > last) return false
    rows = rows.slice()
    for (; next <= last; next++) rows.push(row(next))
    rows = rows.slice(-POINTS)
    flushSync(() => show(rows))
    return true
  }
}
