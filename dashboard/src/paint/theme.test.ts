import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { HEAT_LEVELS, heatScale, readTheme } from './theme'

const css = readFileSync(new URL('../index.css', import.meta.url), 'utf8')

function tokens(selector: string): Map<string, string> {
  const block = css.slice(css.indexOf(`${selector} {`)).split('}')[0]!
  return new Map([...block.matchAll(/--([\w-]+):\s*([^;]+);/g)].map(match => [match[1]!, match[2]!]))
}

const dark = tokens(':root')
const light = new Map([...dark, ...tokens(':root[data-theme=\'light\']')])

function luminance(hex: string): number {
  const value = Number.parseInt(hex.slice(1), 16)
  const [r, g, b] = [16, 8, 0].map(shift => {
    const channel = (value >> shift & 255) / 255
    return channel <= 0.03928 ? channel / 12.92 : ((channel + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * r! + 0.7152 * g! + 0.0722 * b!
}

function contrast(a: string, b: string): number {
  const [low, high] = [luminance(a), luminance(b)].sort((x, y) => x - y)
  return (high! + 0.05) / (low! + 0.05)
}

describe.each([['dark', dark], ['light', light]])('the %s theme', (_name, theme) => {
  it('has text that can be read on every background (WCAG AA: 4.5)', () => {
    for (const text of ['text', 'text-muted', 'text-faint', 'accent', 'ok', 'warn', 'bad']) {
      for (const background of ['bg', 'surface', 'raised']) {
        expect(contrast(theme.get(text)!, theme.get(background)!), `${text} on ${background}`).toBeGreaterThanOrEqual(4.5)
      }
    }
  })

  it('has series colours that can be seen (WCAG AA: 3)', () => {
    for (let i = 1; i <= 10; i++) expect(contrast(theme.get(`series-${i}`)!, theme.get('surface')!), `series-${i}`).toBeGreaterThanOrEqual(3)
  })

  it('has a heat scale that goes one way in lightness', () => {
    const stops = Array.from({ length: 8 }, (_, i) => luminance(theme.get(`heat-${i + 1}`)!))
    const sorted = [...stops].sort((a, b) => a - b)
    expect([sorted, [...sorted].reverse()]).toContainEqual(stops)
  })

  it('is read whole by the painter', () => {
    const read = readTheme({ getPropertyValue: name => theme.get(name.slice(2)) ?? '' })
    for (const value of Object.values(read).flat()) expect(value).not.toBe('')
  })
})

it('has as many levels as the painter looks up', () => {
  const scale = heatScale(['#000000', '#ffffff'])
  expect([scale.length, scale[0], scale.at(-1)]).toEqual([HEAT_LEVELS, 'rgb(0,0,0)', 'rgb(255,255,255)'])
})

it('is the only place of colours', () => {
  const sources = import.meta.glob<string>('../**/*.{ts,tsx}', { query: '?raw', import: 'default', eager: true })
  for (const [path, source] of Object.entries(sources)) {
    if (path.includes('.test.')) continue
    expect(source.match(/#[0-9a-f]{6}\b|rgba?\(\d/gi), path).toBeNull()
  }
})
