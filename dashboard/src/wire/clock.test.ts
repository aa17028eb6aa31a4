import { describe, expect, it } from 'vitest'
import { reconnectDelayMs, RECONNECT_FIRST_MS, RECONNECT_MAX_MS } from './backoff'
import { aggregatorAddresses } from './addresses'
import { ClockEstimator } from './clock'
import { pageOriginNs } from './pageClock'

describe('ClockEstimator', () => {
  it('halves the round trip', () => {
    const clock = new ClockEstimator()
    clock.add(1000, 1010, 6005)
    expect(clock.offsetMs).toBe(5000)
    expect(clock.roundTripMs).toBe(10)
  })

  it('trusts the shortest round trip, because delays only add', () => {
    const clock = new ClockEstimator()
    clock.add(1000, 1002, 6001)
    clock.add(2000, 2400, 7390)
    expect(clock.offsetMs).toBe(5000)
  })

  it('follows a change of the clock once the old round trips are forgotten', () => {
    const clock = new ClockEstimator()
    clock.add(0, 1, 100.5)
    for (let i = 1; i <= 32; i++) clock.add(i * 1000, i * 1000 + 2, i * 1000 + 201)
    expect(clock.offsetMs).toBe(200)
  })
})

describe('reconnectDelayMs', () => {
  it('doubles up to the maximum, with the upper half at random', () => {
    expect(reconnectDelayMs(0, () => 0)).toBe(RECONNECT_FIRST_MS / 2)
    expect(reconnectDelayMs(0, () => 1)).toBe(RECONNECT_FIRST_MS)
    expect(reconnectDelayMs(3, () => 1)).toBe(RECONNECT_FIRST_MS * 8)
    expect(reconnectDelayMs(1000, () => 1)).toBe(RECONNECT_MAX_MS)
  })
})

describe('aggregatorAddresses', () => {
  it('takes the configured list, without doubles and slashes', () => {
    expect(aggregatorAddresses('http://a:1/, http://b:2,http://a:1', 'http://page')).toEqual(['http://a:1', 'http://b:2'])
  })

  it('is the origin of the page when nothing is configured', () => {
    expect(aggregatorAddresses(undefined, 'http://page')).toEqual(['http://page'])
    expect(aggregatorAddresses(' , ', 'http://page')).toEqual(['http://page'])
  })
})

it('counts time from the start of a day, so that a millisecond keeps its nanoseconds in a double', () => {
  const now = Date.UTC(2026, 10, 22, 13)
  const originMs = Number(pageOriginNs(now) / 1_000_000n)
  expect(now - originMs).toBeLessThan(2 * 86_400_000)
  expect((now - originMs) + 1e-6).not.toBe(now - originMs)
})
