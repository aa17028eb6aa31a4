import { describe, expect, it } from 'vitest'
import { Column, COLUMN_ROWS_FIRST, COLUMN_ROWS_MAX, ROW_BREAK, ROW_CONFLATED } from './column'

const ALL = Number.NEGATIVE_INFINITY

function filled(rows: number, stepMs = 20): Column {
  const column = new Column()
  for (let i = 0; i < rows; i++) column.append(i * stepMs, i, ALL)
  return column
}

function rows(column: Column): [number, number][] {
  return Array.from({ length: column.count }, (_, i) => [column.times[column.start + i]!, column.values[column.start + i]!])
}

describe('Column', () => {
  it('keeps rows in order, and grows to hold what is asked for', () => {
    const column = filled(COLUMN_ROWS_FIRST * 5)
    expect(column.count).toBe(COLUMN_ROWS_FIRST * 5)
    expect(rows(column)[700]).toEqual([14_000, 700])
  })

  it('forgets what nobody needs instead of growing', () => {
    const column = new Column()
    for (let i = 0; i < 10_000; i++) column.append(i * 20, i, i * 20 - 1000)
    expect(column.times.length).toBe(COLUMN_ROWS_FIRST)
    expect(column.newestValue).toBe(9999)
    expect(column.times[column.start]!).toBeLessThanOrEqual(9999 * 20 - 1000)
  })

  it('at its limit thins the older rows, and keeps their extremes', () => {
    const column = new Column()
    for (let i = 0; i < COLUMN_ROWS_MAX + 1; i++) column.append(i, i === 100 ? 1e6 : i === 201 ? -1e6 : 0, ALL)
    expect(column.times.length).toBe(COLUMN_ROWS_MAX)
    expect(column.count).toBeLessThan(COLUMN_ROWS_MAX)
    expect(column.thinned).toBeGreaterThan(0)
    expect(Math.max(...column.highs!.subarray(0, 1000))).toBe(1e6)
    expect(Math.min(...column.lows!.subarray(0, 1000))).toBe(-1e6)
    expect(column.times[column.start]).toBeLessThan(2)
    expect(column.newestMs).toBe(COLUMN_ROWS_MAX)
  })

  it('takes a million rows at its limit without losing the order', () => {
    const column = new Column()
    for (let i = 0; i < 300_000; i++) column.append(i, i, ALL)
    for (let row = column.start + 1; row < column.end; row++) {
      if (column.times[row]! < column.times[row - 1]!) throw new Error(`out of order at ${row}`)
    }
    expect(column.count).toBeLessThanOrEqual(COLUMN_ROWS_MAX)
  })

  it('puts a late row where it belongs', () => {
    const column = filled(5)
    column.append(50, 99, ALL)
    expect(rows(column)).toEqual([[0, 0], [20, 1], [40, 2], [50, 99], [60, 3], [80, 4]])
  })

  it('drops a repetition of a row, even after rounding', () => {
    const column = filled(5)
    column.append(40 + 1e-9, 2, ALL)
    expect(column.count).toBe(5)
    expect(column.duplicates).toBe(1)
  })

  it('keeps two samples of one instant, as a coarse clock makes them', () => {
    const column = filled(2)
    column.append(20, 7, ALL)
    expect(rows(column)).toEqual([[0, 0], [20, 1], [20, 7]])
  })

  it('marks a missing stretch as a break, and a slow series not', () => {
    const column = filled(20)
    column.append(20 * 19 + 200, 1, ALL)
    expect(column.flags[column.end - 1]! & ROW_BREAK).toBe(ROW_BREAK)
    const slow = filled(20, 2000)
    expect(Array.from(slow.flags.subarray(0, slow.end)).some(flags => flags !== 0)).toBe(false)
  })

  it('measures a break to the start of a conflated row, not to its end', () => {
    const column = filled(20)
    column.appendRow(400, 1380, 5, 1, 9, ROW_CONFLATED, ALL)
    expect(column.flags[column.end - 1]).toBe(ROW_CONFLATED)
    expect([column.lows![column.end - 1], column.highs![column.end - 1]]).toEqual([1, 9])
    expect([column.lows![3], column.highs![3]]).toEqual([3, 3])
  })

  it('joins a line again when the late rows of a break arrive', () => {
    const column = filled(20)
    column.append(380 + 200, 1, ALL)
    for (let t = 400; t < 580; t += 20) column.append(t, 0, ALL)
    expect(Array.from(column.flags.subarray(column.start, column.end)).every(flags => (flags & ROW_BREAK) === 0)).toBe(true)
  })

  it('says from when on it has changed', () => {
    const column = filled(5)
    column.settle()
    expect(column.dirtyFromMs).toBe(Number.POSITIVE_INFINITY)
    column.append(100, 5, ALL)
    expect(column.dirtyFromMs).toBe(80)
    column.append(30, 5, ALL)
    expect(column.dirtyFromMs).toBe(20)
    column.settle()
    column.truncate(60)
    expect(column.dirtyFromMs).toBe(40)
    expect(column.newestMs).toBe(40)
  })

  it('finds rows by time', () => {
    const column = filled(5)
    expect([column.indexFrom(-5), column.indexFrom(20), column.indexFrom(21), column.indexFrom(81)]).toEqual([0, 1, 2, 5])
  })
})
