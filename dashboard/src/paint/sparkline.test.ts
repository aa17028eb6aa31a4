import { describe, expect, it, vi } from 'vitest'
import { Column } from '../store/column'
import type { PaintFrame } from './chart'
import { Sparkline } from './sparkline'

const ALL = Number.NEGATIVE_INFINITY

function canvas(clientWidth: number): HTMLCanvasElement {
  const context = new Proxy({}, { get: () => () => undefined, set: () => true })
  return { getContext: () => context, clientWidth, clientHeight: 24, width: 0, height: 0 } as unknown as HTMLCanvasElement
}

function frameAt(edgeMs: number, live = true): PaintFrame {
  return { edgeMs, nowMs: edgeMs, spanMs: 30_000, live, lost: false, viewVersion: 0, themeVersion: 0, theme: { series: ['#fff'], text: '#fff' } } as unknown as PaintFrame
}

function make(count: number, everyMs = 66, width = 180) {
  const columns = Array.from({ length: count }, () => new Column())
  for (const column of columns) for (let ms = 0; ms <= 30_000; ms += everyMs) column.append(ms, 1, ALL)
  const sparklines = columns.map((column, i) => {
    const sparkline = new Sparkline(`s-${i}`, canvas(width))
    sparkline.setLine({ label: '', colour: 0, column, shiftMs: () => 0 })
    return sparkline
  })
  const painted = (edgeMs: number, live = true) => sparklines.filter(sparkline => sparkline.paint(frameAt(edgeMs, live))).length
  return { columns, sparklines, painted, [Symbol.dispose]: () => sparklines.forEach(sparkline => sparkline.dispose()) }
}

vi.stubGlobal('devicePixelRatio', 1)

describe('sparklines', () => {
  it('are all drawn in every frame while they are few', () => {
    using few = make(3)
    expect([30_000, 30_017, 30_033].map(ms => few.painted(ms))).toEqual([3, 3, 3])
  })

  it('take turns while they are wide: two of 900 pixels within three frames', () => {
    using wide = make(2, 66, 900)
    wide.painted(30_000)
    const painted = [30_017, 30_033, 30_050].map(ms => wide.painted(ms))
    expect(Math.max(...painted)).toBe(1)
    expect(painted.reduce((sum, count) => sum + count)).toBe(2)
  })

  it('take turns while they are many, a part in every frame', () => {
    using many = make(30)
    many.painted(30_000)
    expect([30_017, 30_033, 30_050, 30_067].map(ms => many.painted(ms))).toEqual([10, 10, 10, 10])
  })

  it('are not drawn again while a dense picture would be the same', () => {
    using dense = make(1, 20, 300)
    expect([30_010, 30_017, 30_033, 30_110].map(ms => dense.painted(ms))).toEqual([1, 0, 0, 1])
  })

  it('stand still while paused, but for a history that comes', () => {
    using paused = make(2)
    paused.painted(20_000, false)
    for (const column of paused.columns) column.settle()
    paused.columns[0]!.append(30_100, 1, ALL)
    expect(paused.painted(20_000, false)).toBe(0)
    paused.columns[1]!.replaceHistory({ times: [-500], values: [1], lows: [1], highs: [1] }, -1000, 0, 1000)
    expect(paused.painted(20_000, false)).toBe(1)
  })
})
