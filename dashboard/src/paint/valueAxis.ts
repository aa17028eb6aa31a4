import type { PaintFrame } from './chart'
import { scaleFor, type Scaled } from './format'
import type { LineSource } from './holes'
import { StickyRange, type Ticks } from './scale'
import type { LiveWindow } from './strip'
import type { Surface } from './surface'
import type { Projection } from './trace'
import { visibleRange } from './visible'

const HEADROOM = 1.04
const INTERVAL_MIN_PX = 32
const INTERVALS_MAX = 4

/** The vertical axis of some lines: linear, and from zero unless values are negative. */
export class ValueAxis {
  scaled: Scaled = { factor: 1, unit: '' }
  readonly projection: Projection = { leftMs: 0, msPerPixel: 1, minValue: 0, pixelsPerUnit: 1, height: 0 }
  #lines: readonly LineSource[] = []
  #unit = ''
  #area = false
  readonly #range = new StickyRange()

  get version(): number {
    return this.#range.version
  }

  get ticks(): Ticks {
    return this.#range.ticks
  }

  setLines(lines: readonly LineSource[], unit: string, area: boolean): void {
    if (unit !== this.#unit) this.#range.reset()
    this.#lines = lines
    this.#unit = unit
    this.#area = area
  }

  /** `all`: looks at the whole window; otherwise only at what is new, for which the axis grows at once. */
  fit(surface: Surface, window: LiveWindow, frame: PaintFrame, dirtyMs: number, all: boolean): void {
    const visible = visibleRange(this.#lines, all ? window.leftMs : Math.max(window.leftMs, dirtyMs), window.edgeMs)
    if (visible === null) return
    const { range } = this.#range.ticks
    const low = visible.min >= 0 ? 0 : visible.min
    const high = visible.max > 0 ? visible.max * HEADROOM : this.#area ? 0 : visible.max
    const intervals = Math.max(1, Math.min(INTERVALS_MAX, Math.floor(surface.height / surface.ratio / INTERVAL_MIN_PX)))
    const { factor } = scaleFor(this.#unit, Math.max(Math.abs(low), Math.abs(high)))
    if (all) {
      this.#range.fit(low, high, frame.nowMs, intervals, factor)
    } else if (high > range.max || low < range.min) {
      this.#range.fit(Math.min(low, range.min), Math.max(high, range.max), frame.nowMs, intervals, factor)
    }
  }

  project(surface: Surface, window: LiveWindow): Projection {
    const { projection } = this
    const { range } = this.#range.ticks
    projection.leftMs = window.leftMs
    projection.msPerPixel = window.msPerPixel
    projection.minValue = range.min
    // The grid's bottom line, and the upper half of a line's width, stay inside.
    projection.height = surface.height - surface.ratio
    projection.pixelsPerUnit = (surface.height - 3 * surface.ratio) / (range.max - range.min)
    return projection
  }

  /** The unit by the magnitude of the axis. */
  rescale(): Scaled {
    const { range } = this.#range.ticks
    this.scaled = scaleFor(this.#unit, Math.max(Math.abs(range.max), Math.abs(range.min)))
    return this.scaled
  }
}
