import { describe, expect, it } from 'vitest'
import { Column, ROW_CONFLATED } from '../store/column'
import { Recording } from './recording'
import { trace, type Projection } from './trace'

const ALL = Number.NEGATIVE_INFINITY
/** One pixel a 10 ms, one pixel a unit, 100 high. */
const projection: Projection = { leftMs: 0, msPerPixel: 10, minValue: 0, pixelsPerUnit: 1, height: 100 }

function column(samples: [number, number][]): Column {
  const made = new Column()
  for (const [timeMs, value] of samples) made.append(timeMs, value, ALL)
  return made
}

function drawn(made: Column, fromMs = 0, toMs = 1e9, baseline = Number.NaN, used = projection): unknown[] {
  const recording = new Recording()
  trace(recording.context, made, used, 0, fromMs, toMs, baseline)
  return recording.calls
}

describe('trace', () => {
  it('joins rows by lines', () => {
    expect(drawn(column([[0, 0], [20, 50], [40, 100]]))).toEqual([
      ['moveTo', 0, 100], ['lineTo', 0, 100], ['lineTo', 2, 50], ['lineTo', 4, 0],
    ])
  })

  it('breaks the line at NaN, and never bridges it', () => {
    expect(drawn(column([[0, 1], [20, 1], [40, Number.NaN], [60, 1], [80, 1]])).filter(call => (call as string[])[0] === 'moveTo'))
      .toEqual([['moveTo', 0, 99], ['moveTo', 6, 99]])
  })

  it('breaks the line at a gap', () => {
    const made = column([[0, 1], [20, 1], [40, 1], [60, 1], [500, 1], [520, 1]])
    expect(drawn(made).filter(call => (call as string[])[0] === 'moveTo')).toEqual([['moveTo', 0, 99], ['moveTo', 50, 99]])
  })

  it('draws a row without neighbours as a dot', () => {
    expect(drawn(column([[0, Number.NaN], [20, 1], [40, Number.NaN]])).slice(-2)).toEqual([['moveTo', 1.25, 99], ['lineTo', 2.75, 99]])
  })

  it('draws a conflated row with its extremes', () => {
    const made = column([[0, 10]])
    made.appendRow(5, 20, 30, 5, 80, ROW_CONFLATED, ALL)
    expect(drawn(made).slice(-3)).toEqual([['lineTo', 2, 95], ['lineTo', 2, 20], ['lineTo', 2, 70]])
  })

  it('closes every segment of an area to the baseline, not across a gap', () => {
    expect(drawn(column([[0, 1], [20, 1], [40, Number.NaN], [60, 1]]), 0, 1e9, 100)).toEqual([
      ['moveTo', 0, 100], ['lineTo', 0, 99], ['lineTo', 0, 99], ['lineTo', 2, 99], ['lineTo', 2, 100], ['lineTo', 0, 100],
      ['moveTo', 6, 100], ['lineTo', 6, 99], ['lineTo', 6, 99], ['lineTo', 6, 100], ['lineTo', 6, 100],
    ])
  })

  it('takes one row beyond each end, so that the line crosses the edge', () => {
    const made = column(Array.from({ length: 100 }, (_, i) => [i * 20, 1]))
    const calls = drawn(made, 1000, 1101) as [string, number, number][]
    expect([calls[0]![1], calls.at(-1)![1]]).toEqual([98, 112])
  })

  it('draws dense rows as first, lowest, highest and last of their pixel column', () => {
    const made = column(Array.from({ length: 20 }, (_, i) => [i, i === 13 ? 90 : i === 17 ? 2 : 50]))
    expect(drawn(made, 0, 1e9, Number.NaN, { ...projection })).toEqual([
      ['moveTo', 0.5, 50], ['lineTo', 0.5, 50], ['lineTo', 0.5, 50], ['lineTo', 0.5, 50],
      ['lineTo', 1.5, 50], ['lineTo', 1.5, 98], ['lineTo', 1.5, 10], ['lineTo', 1.5, 50],
    ])
  })

  it('keeps every spike however far it is zoomed out', () => {
    const made = new Column()
    for (let i = 0; i < 20_000; i++) made.append(i * 20, i % 4999 === 4998 ? 99 : 1, ALL)
    const calls = drawn(made, 0, 1e9, Number.NaN, { ...projection, msPerPixel: 1000 }) as [string, number, number][]
    expect(calls.filter(call => call[2] === 1)).toHaveLength(4)
    expect(calls.length).toBeLessThan(400 * 5)
  })

  it('draws the same pixels from a strip as from the whole', () => {
    const made = new Column()
    for (let i = 0; i < 2000; i++) made.append(i * 3, (i * 7919) % 100, ALL)
    const whole = drawn(made) as [string, number, number][]
    const strip = drawn(made, 4000, 1e9) as [string, number, number][]
    const tail = (calls: [string, number, number][]) => calls.filter(call => call[1] > 402)
    expect(tail(strip)).toEqual(tail(whole))
  })
})
