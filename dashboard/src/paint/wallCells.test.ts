import { describe, expect, it } from 'vitest'
import { Column } from '../store/column'
import { WallCells } from './wallCells'

const ALL = Number.NEGATIVE_INFINITY

function source(samples: readonly (readonly [number, number])[]) {
  const column = new Column()
  for (const [timeMs, value] of samples) column.append(timeMs, value, ALL)
  return { column, shiftMs: () => 0 }
}

const read = (cells: WallCells, row: number, from: number, to: number) => (
  Array.from({ length: to - from }, (_, i) => cells.value(from + i, row))
)

describe('the cells of a heat wall', () => {
  it('hold a value until the next one, and the highest of a slice', () => {
    const cells = new WallCells()
    cells.configure(100, 2)
    const steady: [number, number][] = [[0, 1], [50, 9], [60, 2], [250, 3]]
    cells.fill([source(steady), source([[100, 5], [200, 6]])], 0, 399, 400)
    expect(read(cells, 0, 0, 4)).toEqual([9, 2, 3, 3])
    expect(read(cells, 1, 0, 4)).toEqual([Number.NaN, 5, 6, 6])
  })

  it('are empty in a gap, and some time after the last sample', () => {
    const cells = new WallCells()
    cells.configure(1000, 1)
    const many = Array.from({ length: 50 }, (_, i): [number, number] => [i * 20, 1])
    cells.fill([source([...many, [5000, 2]])], 0, 14_000, 14_000)
    const empty = Array.from({ length: 4 }, () => Number.NaN)
    expect(read(cells, 0, 0, 15)).toEqual([1, ...empty, 2, 2, 2, 2, 2, 2, ...empty])
  })

  it('show the highest where several series share a row', () => {
    const cells = new WallCells()
    cells.configure(100, 2)
    cells.fill([1, 7, 3, 4].map(value => source([[0, value], [20, value]])), 0, 99, 100)
    expect([cells.value(0, 0), cells.value(0, 1)]).toEqual([7, 4])
    expect(cells.value(-1, 0)).toBeNaN()
    expect(cells.highest([source([[0, 5], [50, 8]])], 0, 100)).toBe(8)
  })
})
