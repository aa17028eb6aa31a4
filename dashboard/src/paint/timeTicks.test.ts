import { afterEach, describe, expect, it } from 'vitest'
import { eachTimeTick } from './timeTicks'

const HOUR_MS = 3_600_000
const before = process.env['TZ']

afterEach(() => {
  process.env['TZ'] = before
})

type Tick = { at: Date, startsDay: boolean }

function ticks(zone: string, from: string, hours: number, stepMs: number): Tick[] {
  process.env['TZ'] = zone
  const origin = Date.parse('2026-01-01T00:00:00Z')
  const fromMs = Date.parse(from) - origin
  const found: Tick[] = []
  eachTimeTick(fromMs, fromMs + hours * HOUR_MS, stepMs, origin, (tick, startsDay) =>
    found.push({ at: new Date(origin + tick), startsDay }))
  return found
}

const clockOf = ({ at }: Tick) => `${at.getHours()}:${String(at.getMinutes()).padStart(2, '0')}`

describe('eachTimeTick', () => {
  const zones = ['UTC', 'Asia/Kolkata', 'America/New_York', 'Australia/Lord_Howe']
  it.each(zones)('stands on whole hours of the clock in %s, and the day begins once', zone => {
    const found = ticks(zone, '2026-06-10T03:17:00Z', 24, 6 * HOUR_MS)
    expect(found.map(clockOf).sort()).toEqual(['0:00', '12:00', '18:00', '6:00'])
    expect(found.filter(({ startsDay }) => startsDay).map(clockOf)).toEqual(['0:00'])
  })

  it.each(['UTC', 'Asia/Kolkata', 'America/New_York'])('stands on round minutes and fractions of a second in %s', zone => {
    expect(ticks(zone, '2026-06-10T03:17:00Z', 1, 15 * 60_000).map(({ at }) => at.getMinutes()).sort((a, b) => a - b))
      .toEqual([0, 15, 30, 45])
    expect(ticks(zone, '2026-06-10T03:17:00.003Z', 0.05 / 3600, 20).map(({ at }) => at.getMilliseconds())).toEqual([20, 40])
  })

  const changes = [['2026-03-08T05:00:00Z', 23], ['2026-11-01T04:00:00Z', 25]] as const
  it.each(changes)('keeps to the wall clock over a change of summer time (%s)', (from, hours) => {
    const found = ticks('America/New_York', from, hours, 3 * HOUR_MS)
    expect(found.map(clockOf)).toEqual(['0:00', '3:00', '6:00', '9:00', '12:00', '15:00', '18:00', '21:00', '0:00'])
    expect(found.map(({ startsDay }) => startsDay)).toEqual([true, ...Array.from({ length: 7 }, () => false), true])
    const minutes = ticks('America/New_York', from, hours, 30 * 60_000)
    expect(minutes).toHaveLength(2 * hours + 1)
    for (const tick of minutes) expect(tick.at.getMinutes() % 30).toBe(0)
  })

  it('visits days alone where the step is days', () => {
    expect(ticks('Asia/Kolkata', '2026-06-01T00:00:00Z', 24 * 9, 3 * 24 * HOUR_MS).map(clockOf)).toEqual(['0:00', '0:00', '0:00'])
  })
})
