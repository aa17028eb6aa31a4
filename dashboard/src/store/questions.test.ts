import { describe, expect, it } from 'vitest'
import { QUESTION_REGEX_MAX, QUESTION_SERIES_MAX, questionsOf } from './questions'
import { matcherOf, parseSelector } from './selector'
import { LiveSeries } from './series'
import { entry } from './testing'

const source = { id: 1, service: '', instance: '', clockOffsetMs: 0, shiftMs: 0, newestRecordedMs: 0 }
const rps = { name: 'rps', matchers: [] }

type Of<T> = (i: number) => T

function series(count: number, serviceOf: Of<string>, instanceOf: Of<string>, labelsOf: Of<Record<string, string>> = () => ({})) {
  return Array.from({ length: count }, (_, i) => (
    new LiveSeries(0, { ...entry(i, 'rps', 'gauge', instanceOf(i), serviceOf(i)), labels: labelsOf(i) }, source)
  ))
}

/** Each question is of the series that its selector matches among all, few enough, and all are asked for once. */
function check(all: readonly LiveSeries[]): number {
  const questions = questionsOf(rps, all)
  const asked = questions.flatMap(question => question.series)
  expect(new Set(asked).size).toBe(all.length)
  expect(asked).toHaveLength(all.length)
  for (const question of questions) {
    const parsed = parseSelector(question.selector)
    if (!parsed.ok) throw new Error(parsed.error)
    expect(all.filter(matcherOf(parsed.selector))).toHaveLength(question.series.length)
    expect(question.series.length).toBeLessThanOrEqual(QUESTION_SERIES_MAX)
    expect(encodeURIComponent(question.selector).length).toBeLessThan(8000)
    for (const { operator, value } of parsed.selector.matchers) if (operator === '=~') expect(value.length).toBeLessThanOrEqual(QUESTION_REGEX_MAX)
  }
  return questions.length
}

describe('questionsOf', () => {
  it('asks once about as many series as are answered at a time', () => {
    expect(questionsOf(rps, series(QUESTION_SERIES_MAX, i => `s-${i}`, () => 'a'))).toMatchObject([{ selector: 'rps' }])
  })

  it('splits more of them by the label that differs most', () => {
    expect(check(series(2000, i => `service-${i}`, () => 'a-1'))).toBeGreaterThanOrEqual(4)
    check(series(1500, () => 'one', i => `pod.${i}+(x)`))
    check(series(3000, i => `s-${i % 2}`, i => `i-${i % 3}`, i => ({ route: `/a"\\b/${i >> 1}` })))
  })

  it('parts a value that alone has too many by another label', () => {
    check(series(2000, i => (i < 1500 ? 'large' : `s-${i}`), i => `i-${i}`))
  })

  it('keeps addresses short where names are long', () => {
    expect(check(series(600, i => `${'x'.repeat(190)}${i}`, () => 'a'))).toBeGreaterThan(20)
  })

  it('asks for a name that is longer than a regular expression may be by itself', () => {
    check(series(600, i => (i === 0 ? '+'.repeat(600) : `service-${i}`), () => 'a'))
  })

  it('narrows the selector to the series of the question where others match it', () => {
    const all = series(3000, i => `service-${i}`, () => 'a')
    const [question, ...more] = questionsOf(rps, all.slice(0, 3), all.length)
    expect([question!.selector, more]).toEqual(['rps{service=~"service-0|service-1|service-2"}', []])
  })
})
