import { describe, expect, it } from 'vitest'
import { seeded } from '../wire/testFrames'
import { logTicks } from './heatContent'
import { niceTicks, StickyRange, TICKS_MAX, timeStepMs } from './scale'

describe('niceTicks', () => {
  it('holds the values on at most five round ticks', () => {
    const random = seeded(1)
    for (let round = 0; round < 2000; round++) {
      const size = 10 ** (random() * 16 - 8)
      const min = random() < 0.5 ? 0 : (random() - 0.5) * size
      const max = min + random() * size + size * 1e-6
      const { range, step } = niceTicks(min, max)
      const count = Math.round((range.max - range.min) / step) + 1
      expect(range.min).toBeLessThanOrEqual(min + step * 1e-6)
      expect(range.max).toBeGreaterThanOrEqual(max - step * 1e-6)
      expect(count).toBeLessThanOrEqual(TICKS_MAX)
      expect([1, 2, 2.5, 5].some(nice => Math.abs(step / 10 ** Math.floor(Math.log10(step) + 1e-9) / nice - 1) < 1e-6)).toBe(true)
    }
  })

  it('makes an axis for a single value, and for zero', () => {
    expect(niceTicks(0, 0).range).toEqual({ min: 0, max: 1 })
    expect(niceTicks(7, 7).range.max).toBeGreaterThan(7)
  })
})

describe('StickyRange', () => {
  it('grows at once', () => {
    const range = new StickyRange()
    range.fit(0, 10, 0, 4)
    range.fit(0, 35, 16, 4)
    expect(range.ticks.range.max).toBeGreaterThanOrEqual(35)
  })

  it('shrinks only after the picture has been small for a while', () => {
    const range = new StickyRange()
    range.fit(0, 100, 0, 4)
    const before = range.version
    range.fit(0, 10, 1000, 4)
    range.fit(0, 10, 2000, 4)
    expect(range.version).toBe(before)
    range.fit(0, 10, 3000, 4)
    expect(range.ticks.range.max).toBe(10)
  })

  it('does not breathe with values that come and go', () => {
    const range = new StickyRange()
    range.fit(0, 100, 0, 4)
    const before = range.version
    for (let t = 0; t < 20_000; t += 1000) range.fit(0, t % 2000 === 0 ? 90 : 10, t, 4)
    expect(range.version).toBe(before)
  })

  it('takes the first values it sees as they are', () => {
    const range = new StickyRange()
    range.fit(Number.NaN, Number.NaN, 0, 4)
    range.fit(0, 0.001, 0, 4)
    expect(range.ticks.range.max).toBeCloseTo(0.001, 9)
  })
})

describe('timeStepMs', () => {
  it('is a round step that leaves room for the labels', () => {
    const steps = [timeStepMs(5000, 5), timeStepMs(30_000, 4), timeStepMs(600_000, 5), timeStepMs(60_000, 1)]
    expect(steps).toEqual([1000, 10_000, 120_000, 60_000])
  })
})

describe('logTicks', () => {
  it.each([
    [1, 100, [1, 3, 10, 30, 100]],
    [4, 90, [5, 10, 20, 50]],
    [0.5, 1e6, [1, 100, 1e4, 1e6]],
  ])('marks %d to %d', (low, high, ticks) => expect(logTicks(low, high)).toEqual(ticks))
})
