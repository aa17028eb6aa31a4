import type { ChartOutput } from './chart'
import type { LineSource } from './holes'
import type { Range } from './scale'
import type { LiveWindow } from './strip'
import { xOf, yOf, type Projection } from './trace'

type NamedLine = LineSource & { readonly label: string, readonly colour: number, readonly right?: boolean }

/** Keeps the output of one chart up to date, in memory made once per set of lines. */
export class Newest {
  readonly output: ChartOutput

  constructor(name: string, canvas: HTMLCanvasElement) {
    this.output = { name, canvas, paints: 0, range: { min: 0, max: 1 }, msPerPixel: Number.NaN, points: [] }
  }

  setLines(lines: readonly NamedLine[]): void {
    this.output.points = lines.map(line => ({
      label: line.label, colour: line.colour, timeMs: Number.NaN, value: Number.NaN, x: Number.NaN, y: Number.NaN,
    }))
  }

  record(
    lines: readonly NamedLine[], projectionOf: (line: NamedLine) => Projection, window: LiveWindow, range: Range, originEpochMs: number,
  ): void {
    this.output.paints++
    this.output.range = range
    this.output.msPerPixel = window.msPerPixel
    for (let i = 0; i < lines.length; i++) {
      const line = lines[i]!
      const point = this.output.points[i]
      if (point === undefined) return
      const shift = line.shiftMs()
      let row = line.column.indexFrom(window.edgeMs - shift) - 1
      while (row >= line.column.start && Number.isNaN(line.column.values[row]!)) row--
      if (row < line.column.start) continue
      const timeMs = line.column.times[row]! + shift
      const projection = projectionOf(line)
      point.timeMs = originEpochMs + timeMs
      point.value = line.column.values[row]!
      point.x = Math.floor(xOf(projection, timeMs))
      point.y = yOf(projection, point.value)
    }
  }
}
