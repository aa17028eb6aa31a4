import { describe, expect, it } from 'vitest'
import { matcherOf, parseSelector, selectorText, type Selectable } from './selector'

const series: Selectable = { service: 'checkout', instance: 'a-1', name: 'rps', labels: { route: '/api/"x"\\y', zone: 'eu' } }

function matches(text: string): boolean {
  const parsed = parseSelector(text)
  if (!parsed.ok) throw new Error(parsed.error)
  return matcherOf(parsed.selector)(series)
}

describe('a selector', () => {
  it.each([
    ['rps', true], ['rp', false], ['{}', true], ['rps{}', true], ['{service="checkout"}', true], ['rps{service="check"}', false],
    ['rps{service=~"check.*"}', true], ['rps{service=~"check"}', false], ['rps{service!~"pay.*"}', true], ['rps{zone!="eu"}', false],
    ['{"rps"}', true], ['{"rps","zone"=\'eu\',}', true], ['{__name__="rps"}', true], ['{__name__=~"r.s"}', true],
    ['{route="/api/\\"x\\"\\\\y"}', true], ['{route=`/api/"x"\\y`}', true], ['{missing=""}', true], ['{missing!=""}', false], [' rps { zone = "eu" } ', true],
  ])('%s: %s', (text, expected) => expect(matches(text)).toBe(expected))

  it.each([['', 1], ['rps{', 5], ['rps}', 4], ['{service}', 9], ['{service="x"', 13], ['{service=x}', 10], ['{a=~"("}', 8], ['{a="b" c="d"}', 8], ['rps x', 5]])(
    'refuses %j and says where', (text, character) => {
      const parsed = parseSelector(text)
      expect(parsed.ok ? 'accepted' : parsed.error).toContain(`At character ${character}:`)
    },
  )

  it('quotes what a value may hold', () => {
    const matchers = [{ label: 'service', operator: '=' as const, value: 'a "b" \\ c\nd' }]
    expect(selectorText({ name: 'rps', matchers })).toBe('rps{service="a \\"b\\" \\\\ c\\nd"}')
    expect(selectorText({ name: null, matchers })).toBe('{service="a \\"b\\" \\\\ c\\nd"}')
  })

  it.each(['rps', '{}', 'rps{service="a b",zone=~"e.|\\"n"}', '{"http.server","http.route"!="\\\\/\\n"}'])('is written as it was read: %s', text => {
    const parsed = parseSelector(text)
    expect(parsed.ok && selectorText(parsed.selector)).toBe(text)
  })
})
