// One question about more series than an aggregator answers at a time, as several.
import { labelOf, type Matcher, type Selector, selectorText } from './selector'
import type { LiveSeries } from './series'

/** Half of what an aggregator answers about by default (`Query:SampledSeriesMax`): it may know series that the page does not. */
export const QUESTION_SERIES_MAX = 500
/** Of the values in one selector: addresses have a limit of 8 KiB. */
const QUESTION_TEXT_MAX = 4000
/** An aggregator takes no longer regular expression (SelectorLimits.RegexLengthMax). */
export const QUESTION_REGEX_MAX = 1024

export type Question = { readonly selector: string, readonly series: readonly LiveSeries[] }

/**
 * The selector itself where few series match it (`matching`: those of the question and others); otherwise parts of it, by the values of
 * the label with the most different values.
 */
export function questionsOf(
  selector: Selector, series: readonly LiveSeries[], matching = series.length, labels = labelsOf(series),
): Question[] {
  const whole = { selector: selectorText(selector), series }
  if (matching <= QUESTION_SERIES_MAX) return [whole]
  const [label, byValue] = labels
    .map(name => [name, groupedBy(series, name)] as const)
    .reduce<readonly [string, ReadonlyMap<string, LiveSeries[]>]>((best, one) => (one[1].size > best[1].size ? one : best), ['', new Map()])
  // No label differs any more.
  if (byValue.size < 2 && series.length > QUESTION_SERIES_MAX) return [whole]
  const questions: Question[] = []
  let values: string[] = []
  let members: LiveSeries[] = []
  let length = 0
  let regexLength = 0
  const withMatcher = (matcher: Matcher): Selector => ({ ...selector, matchers: [...selector.matchers, matcher] })
  const finish = () => {
    if (members.length > 0) {
      const matcher: Matcher = values.length === 1
        ? { label, operator: '=', value: values[0]! }
        : { label, operator: '=~', value: values.map(literal).join('|') }
      questions.push({ selector: selectorText(withMatcher(matcher)), series: members })
    }
    values = []
    members = []
    length = 0
    regexLength = 0
  }
  for (const value of [...byValue.keys()].sort()) {
    const group = byValue.get(value)!
    if (group.length > QUESTION_SERIES_MAX) {
      questions.push(...questionsOf(withMatcher({ label, operator: '=', value }), group, group.length, labels.filter(other => other !== label)))
      continue
    }
    // As it stands in the address: a backslash is escaped for the selector's quotes, too.
    const added = encodeURIComponent(`|${literal(value).replace(/[\\"]/g, '\\$&')}`).length
    const regexAdded = literal(value).length + 1
    const isLong = length + added > QUESTION_TEXT_MAX || regexLength + regexAdded > QUESTION_REGEX_MAX
    if (isLong || members.length + group.length > QUESTION_SERIES_MAX) finish()
    length += added
    regexLength += regexAdded
    values.push(value)
    members.push(...group)
  }
  finish()
  return questions
}

function labelsOf(series: readonly LiveSeries[]): string[] {
  return ['service', 'instance', ...new Set(series.flatMap(one => Object.keys(one.labels)))]
}

function groupedBy(series: readonly LiveSeries[], label: string): Map<string, LiveSeries[]> {
  const groups = new Map<string, LiveSeries[]>()
  for (const one of series) {
    const value = labelOf(one, label)
    const group = groups.get(value)
    if (group === undefined) groups.set(value, [one])
    else group.push(one)
  }
  return groups
}

/** A value within a regular expression. */
function literal(value: string): string {
  return value.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')
}
