// Everything that is chosen on the page is in its URL: a link shows the same thing.
export type Page = 'overview' | 'service'
export type ThemeChoice = 'system' | 'dark' | 'light'

export type Choices = {
  readonly page: Page
  readonly service: string | null
  /** Null: all instances. */
  readonly instance: string | null
  readonly windowMs: number
  /** The right edge as Unix epoch milliseconds while the picture is frozen; null while live. */
  readonly atMs: number | null
  /** Further metrics that are shown as charts. */
  readonly metrics: readonly string[]
  /** The one chart that is shown large. */
  readonly large: string | null
  readonly theme: ThemeChoice
}

export const WINDOWS_MS = [5000, 10_000, 30_000, 60_000, 120_000, 300_000, 600_000] as const
export const WINDOW_DEFAULT_MS = 30_000
const WINDOW_MIN_MS = 1000
export const METRICS_MAX = 12

export function readUrl(search: string): Choices {
  const parameters = new URLSearchParams(search)
  const service = parameters.get('service')
  const theme = parameters.get('theme')
  return {
    page: parameters.get('page') === 'service' || (service !== null && parameters.get('page') === null) ? 'service' : 'overview',
    service,
    instance: parameters.get('instance'),
    windowMs: readWindow(parameters.get('window')),
    atMs: readNumber(parameters.get('at')),
    metrics: [...new Set(parameters.getAll('metric'))].slice(0, METRICS_MAX),
    large: parameters.get('large'),
    theme: theme === 'dark' || theme === 'light' ? theme : 'system',
  }
}

/** `kept`: parameters that belong to something else, such as `paint=off`. */
export function writeUrl(choices: Choices, kept: string): string {
  const parameters = new URLSearchParams(kept)
  for (const name of ['page', 'service', 'instance', 'window', 'at', 'metric', 'large', 'theme']) parameters.delete(name)
  if (choices.page === 'service') parameters.set('page', 'service')
  if (choices.service !== null) parameters.set('service', choices.service)
  if (choices.instance !== null) parameters.set('instance', choices.instance)
  if (choices.windowMs !== WINDOW_DEFAULT_MS) parameters.set('window', windowText(choices.windowMs))
  if (choices.atMs !== null) parameters.set('at', String(Math.round(choices.atMs)))
  for (const metric of choices.metrics) parameters.append('metric', metric)
  if (choices.large !== null) parameters.set('large', choices.large)
  if (choices.theme !== 'system') parameters.set('theme', choices.theme)
  const text = parameters.toString()
  return text === '' ? '' : `?${text}`
}

/** `30s`, `2m`, `12400ms`. */
export function windowText(ms: number): string {
  if (ms % 60_000 === 0) return `${ms / 60_000}m`
  return ms % 1000 === 0 ? `${ms / 1000}s` : `${Math.round(ms)}ms`
}

function readWindow(text: string | null): number {
  const match = /^(\d{1,7}(?:\.\d+)?)(ms|s|m)$/.exec(text ?? '')
  if (match === null) return WINDOW_DEFAULT_MS
  const ms = Number(match[1]) * (match[2] === 'm' ? 60_000 : match[2] === 's' ? 1000 : 1)
  return Math.min(WINDOWS_MS[WINDOWS_MS.length - 1]!, Math.max(WINDOW_MIN_MS, ms))
}

function readNumber(text: string | null): number | null {
  const value = text === null || text === '' ? Number.NaN : Number(text)
  return Number.isFinite(value) ? value : null
}
