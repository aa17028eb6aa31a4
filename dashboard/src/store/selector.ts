// PromQL's series selector, as the aggregators read it: the page must know which series belong to which subscription.

export type MatchOperator = '=' | '!=' | '=~' | '!~'
export type Matcher = { readonly label: string, readonly operator: MatchOperator, readonly value: string }
export type Selector = { readonly name: string | null, readonly matchers: readonly Matcher[] }
export type SelectorResult = { readonly ok: true, readonly selector: Selector } | { readonly ok: false, readonly error: string }

/** What a selector is matched against. */
export type Selectable = {
  readonly service: string
  readonly instance: string
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
}

const NAME_LABEL = '__name__'
const METRIC_NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*/
const LABEL_NAME = /^[a-zA-Z_][a-zA-Z0-9_]*/
const OPERATOR = /^(=~|!~|!=|=)/
const QUOTES = ['"', '\'', '`']

/** Parses one selector. An error names the place, as the aggregator's does. */
export function parseSelector(text: string): SelectorResult {
  let at = 0
  let name: string | null = null
  const matchers: Matcher[] = []
  const skip = () => {
    while (/\s/.test(text[at] ?? '')) at++
  }
  const fail = (expected: string): SelectorResult => ({ ok: false, error: `At character ${at + 1}: expected ${expected}.` })
  const quoted = (): string | null => {
    const quote = text[at]!
    let value = ''
    for (let i = at + 1; i < text.length; i++) {
      const character = text[i]!
      if (character === quote) {
        at = i + 1
        return value
      }
      if (character === '\\' && quote !== '`') value += unescaped(text[++i] ?? '')
      else value += character
    }
    return null
  }

  skip()
  const bare = METRIC_NAME.exec(text.slice(at))?.[0]
  if (bare !== undefined) {
    name = bare
    at += bare.length
    skip()
  }
  if (text[at] !== '{') {
    return at < text.length || name === null ? fail(name === null ? 'a metric name or {' : '{ or the end') : { ok: true, selector: { name, matchers } }
  }
  at++
  while (text[at] !== '}') {
    skip()
    if (text[at] === '}') break
    let label = LABEL_NAME.exec(text.slice(at))?.[0]
    const isQuoted = label === undefined
    if (label !== undefined) at += label.length
    else if (QUOTES.includes(text[at] ?? '')) label = quoted() ?? undefined
    if (label === undefined) return fail('a label or }')
    skip()
    const operator = OPERATOR.exec(text.slice(at))?.[0] as MatchOperator | undefined
    if (operator === undefined) {
      // A quoted name on its own is the metric's name.
      if (!isQuoted || name !== null || (text[at] !== ',' && text[at] !== '}')) return fail('=, !=, =~ or !~')
      name = label
    } else {
      at += operator.length
      skip()
      const value = QUOTES.includes(text[at] ?? '') ? quoted() : null
      if (value === null) return fail('a value in quotes')
      if (operator.endsWith('~') && pattern(value) === null) return fail('a regular expression')
      if (label === NAME_LABEL && operator === '=' && name === null) name = value
      else matchers.push({ label, operator, value })
    }
    skip()
    if (text[at] === ',') at++
    else if (text[at] !== '}') return fail(', or }')
    skip()
  }
  at++
  skip()
  return at < text.length ? fail('the end') : { ok: true, selector: { name, matchers } }
}

/** The text of a selector, which `parseSelector` and the aggregators read back as the same. */
export function selectorText({ name, matchers }: Selector): string {
  const plain = name !== null && METRIC_NAME.exec(name)?.[0] === name
  const list = matchers.map(({ label, operator, value }) => `${labelText(label)}${operator}"${escaped(value)}"`)
  if (name !== null && !plain) list.unshift(`"${escaped(name)}"`)
  return `${plain ? name : ''}${list.length === 0 && plain ? '' : `{${list.join(',')}}`}`
}

/** The test that a selector stands for. A label that a series does not have counts as empty. */
export function matcherOf({ name, matchers }: Selector): (series: Selectable) => boolean {
  const tests = matchers.map(matcher => ({ label: matcher.label, test: valueTest(matcher) }))
  return series => (name === null || series.name === name) && tests.every(({ label, test }) => test(labelOf(series, label)))
}

export function labelOf(series: Selectable, label: string): string {
  if (label === 'service') return series.service
  if (label === 'instance') return series.instance
  return label === NAME_LABEL ? series.name : series.labels[label] ?? ''
}

function valueTest({ operator, value }: Matcher): (actual: string) => boolean {
  switch (operator) {
    case '=': return actual => actual === value
    case '!=': return actual => actual !== value
    case '=~': {
      const wanted = pattern(value)
      return actual => wanted?.test(actual) ?? false
    }
    case '!~': {
      const unwanted = pattern(value)
      return actual => unwanted !== null && !unwanted.test(actual)
    }
  }
}

/** Anchored, and a dot matches a line break. Null: no regular expression. */
function pattern(text: string): RegExp | null {
  try {
    return new RegExp(`^(?:${text})$`, 'su')
  } catch {
    return null
  }
}

function labelText(label: string): string {
  return LABEL_NAME.exec(label)?.[0] === label ? label : `"${escaped(label)}"`
}

function escaped(value: string): string {
  return value.replace(/\\/g, '\\\\').replace(/"/g, '\\"').replace(/\n/g, '\\n')
}

function unescaped(character: string): string {
  return character === 'n' ? '\n' : character === 't' ? '\t' : character === 'r' ? '\r' : character
}
