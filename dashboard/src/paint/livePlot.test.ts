import { beforeEach, describe, expect, it } from 'vitest'
import { Column } from '../store/column'
import type { PaintFrame } from './chart'
import { LineContent } from './lineContent'
import { LivePlot } from './livePlot'
import { recordedCanvas, type Call, type RecordedCanvas } from './recording'
import { HEAT_LEVELS, SERIES_COLOURS, type PaintTheme } from './theme'

const ALL = Number.NEGATIVE_INFINITY
const WIDTH = 300
const GUTTER = 48
const START = 1_000_000

const theme: PaintTheme = {
  surface: 's', grid: 'g', line: 'l', text: 't', textMuted: 'm', textFaint: 'f', accent: 'a', warn: 'orange', hatch: 'h',
  series: Array.from({ length: SERIES_COLOURS }, (_, i) => `c${i}`), heat: Array.from({ length: HEAT_LEVELS }, (_, i) => `heat${i}`), font: 'mono',
}

let column: Column
let data: RecordedCanvas
let cursor: RecordedCanvas
let grid: RecordedCanvas
let content: LineContent
let plot: LivePlot
let frame: PaintFrame

beforeEach(() => {
  column = new Column()
  data = recordedCanvas(WIDTH, 100)
  grid = recordedCanvas(WIDTH + GUTTER, 100)
  cursor = recordedCanvas(WIDTH + GUTTER, 100)
  content = new LineContent('test', data)
  plot = new LivePlot({ grid, data, time: recordedCanvas(WIDTH, 18), cursor }, content)
  content.setModel({ lines: [{ label: 'a', column, colour: 2, shiftMs: () => 0 }], unit: 'ms', area: false })
  frame = {
    nowMs: START, edgeMs: START, spanMs: 30_000, live: true, lost: false, cursorMs: null, cursorVersion: 0, viewVersion: 0, storeVersion: 0,
    theme, themeVersion: 0, originEpochMs: 0, events: [], eventAt: () => null, gapReason: () => null,
  }
})

/** Lets time pass to `nowMs`, with a sample every 20 ms, and paints. Says what was drawn on the data canvas. */
function advance(nowMs: number, value: (timeMs: number) => number = () => 50): Call[] {
  for (let t = Math.ceil((frame.nowMs + 0.001) / 20) * 20; t <= nowMs; t += 20) column.append(t, value(t), ALL)
  return paintAt(nowMs)
}

function paintAt(nowMs: number): Call[] {
  frame.nowMs = nowMs
  frame.edgeMs = nowMs
  data.recording.take()
  plot.paint(frame)
  column.settle()
  return data.recording.calls.slice()
}

const leftOf = (calls: Call[]) => calls.find(call => call[0] === 'clearRect')?.[1]

describe('LivePlot', () => {
  it('draws everything the first time', () => {
    advance(START + 1000)
    expect(leftOf(data.recording.calls)).toBe(0)
    expect(grid.recording.of('fillText').length).toBeGreaterThan(1)
  })

  it('live, shifts the picture by whole pixels and draws only what is new', () => {
    advance(START + 5000)
    grid.recording.take()
    const calls = advance(START + 5200)
    // 100 ms a pixel: two columns.
    expect(calls.filter(call => call[0] === 'drawImage')).toEqual([['drawImage', 'object', -2, 0]])
    expect(leftOf(calls)).toBeGreaterThan(WIDTH - 10)
    expect(grid.recording.calls).toEqual([])
    expect(calls.filter(call => call[0] === 'lineTo').length).toBeLessThan(50)
  })

  it('draws new samples also when they fall within the last pixel column', () => {
    advance(START + 5000)
    const calls = advance(START + 5060)
    expect(calls.filter(call => call[0] === 'drawImage')).toEqual([])
    expect(leftOf(calls)).toBeGreaterThan(WIDTH - 10)
  })

  it('draws nothing when nothing is new', () => {
    advance(START + 5040)
    expect(paintAt(START + 5041)).toEqual([])
    expect(plot.output.paints).toBe(1)
  })

  it('draws a late sample where it belongs', () => {
    advance(START + 10_000)
    column.append(START + 5005, 20, ALL)
    const calls = paintAt(START + 10_001)
    expect(leftOf(calls)).toBeGreaterThan(245)
    expect(leftOf(calls)).toBeLessThan(252)
  })

  it('draws everything when a value leaves the axis, so that no spike is cut off', () => {
    advance(START + 5000)
    const top = plot.output.range.max
    const calls = advance(START + 5200, () => top * 3)
    expect(leftOf(calls)).toBe(0)
    expect(plot.output.range.max).toBeGreaterThanOrEqual(top * 3)
  })

  it.each([
    ['another window', () => { frame.spanMs = 60_000 }],
    ['a view that people moved', () => { frame.viewVersion++ }],
    ['another theme', () => { frame.themeVersion++ }],
    ['clocks that moved', () => { frame.storeVersion++ }],
    ['a lost connection', () => { frame.lost = true }],
    ['another size', () => {
      Object.defineProperty(data, 'clientWidth', { value: 200 })
      plot.surface.measure()
    }],
    ['a tab that was hidden for long', () => { frame.nowMs += 60_000 }],
    ['a model that changed', () => content.setModel({ lines: [], unit: 'ms', area: false })],
  ])('draws everything after %s', (_name, change) => {
    advance(START + 5000)
    change()
    expect(leftOf(paintAt(frame.nowMs))).toBe(0)
  })

  it('frozen, does not move for data that arrive', () => {
    advance(START + 5000)
    frame.live = false
    // Up to the end of the pixel column of the edge, data are still in the picture.
    for (let t = START + 5020; t < START + 5200; t += 20) column.append(t, 50, ALL)
    plot.paint(frame)
    column.settle()
    for (let t = START + 5200; t < START + 8000; t += 20) column.append(t, 50, ALL)
    frame.nowMs = START + 8000
    data.recording.take()
    expect(plot.paint(frame)).toBe(false)
    expect(data.recording.calls).toEqual([])
  })

  it('hatches a silence up to the right edge, and draws over it when the data come after all', () => {
    advance(START + 5000)
    expect(paintAt(START + 5100).some(call => call[0] === 'stroke')).toBe(true)
    const silent = paintAt(START + 6000)
    expect(leftOf(silent)).toBeLessThan(WIDTH - 9)
    expect(silent.filter(call => call[0] === 'clip').length).toBe(2)
    frame.nowMs = START + 5000
    const back = advance(START + 6020)
    expect(leftOf(back)).toBeLessThan(WIDTH - 9)
    expect(back.filter(call => call[0] === 'clip').length).toBe(1)
  })

  it('greys the end of a line that was lost', () => {
    advance(START + 5000)
    frame.lost = true
    const before = data.recording.of('stroke').length
    paintAt(START + 5001)
    expect(data.recording.of('stroke').length).toBeGreaterThan(before)
  })

  it('says where the newest point is: its pixel row and its value', () => {
    advance(START + 5000, t => (t === START + 5000 ? 25 : 50))
    const point = plot.output.points[0]!
    const { range } = plot.output
    expect(point).toMatchObject({ label: 'a', colour: 2, value: 25, timeMs: START + 5000 })
    expect(point.x).toBe(WIDTH - 1)
    // Dense rows are drawn in the middle of their pixel column.
    expect(data.recording.of('lineTo').at(-1)).toEqual(['lineTo', point.x + 0.5, point.y])
    // The axis: from the row above the bottom line, over the height that is left.
    expect(point.y).toBeCloseTo(99 - (25 - range.min) / (range.max - range.min) * 97, 6)
  })

  it('labels the axis in the unit that it names', () => {
    advance(START + 5000, () => 1500)
    expect(content.scaled.unit).toBe('s')
    expect(grid.recording.of('fillText').map(call => call[1])).toContain('2')
  })

  it('draws the crosshair on its own canvas', () => {
    advance(START + 5000)
    frame.cursorMs = START + 1000
    frame.cursorVersion++
    const calls = paintAt(START + 5001)
    expect(calls).toEqual([])
    expect(cursor.recording.of('arc')).toHaveLength(1)
    expect(cursor.recording.of('fillText')).toHaveLength(1)
  })

  it('says why there is nothing under the crosshair', () => {
    advance(START + 5000)
    column.append(START + 9000, 50, ALL)
    frame.gapReason = () => 'box was restarted'
    frame.cursorMs = START + 7000
    frame.cursorVersion++
    paintAt(START + 9000)
    expect(cursor.recording.of('fillText').map(call => call[1])).toContain('box was restarted (4 s)')
  })
})
