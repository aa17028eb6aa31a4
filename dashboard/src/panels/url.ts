// Everything that is chosen on the page is in its URL: a link shows the same thing.
import { COMBINES, EXPLORE_QUERIES_MAX, QUERY_DEFAULT, STATISTICS, type CombineName, type ExploreQuery, type Statistic } from '../store/explore'

export const PAGES = ['overview', 'service', 'explore', 'alerts', 'system'] as const
export type Page = typeof PAGES[number]
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
  /** What the Explore page draws. */
  readonly queries: readonly ExploreQuery[]
  /** Lines that are not drawn, as `chart/line`. */
  readonly hidden: readonly string[]
  /** The one line of its chart that is drawn, as `chart/line`. */
  readonly only: string | null
  /** Explore shows samples as a table instead of statistics. */
  readonly table: boolean
  /** The overview is a heat wall instead of a table; the metric it shows. */
  readonly wall: string | null
  readonly sort: string | null
  readonly filter: string
  /** The frozen capture of a trigger that is shown. */
  readonly capture: string | null
  readonly theme: ThemeChoice
}

export const WINDOWS_MS = [
  5000, 10_000, 30_000, 60_000, 120_000, 300_000, 600_000, 1_800_000, 3_600_000, 10_800_000, 21_600_000, 43_200_000, 86_400_000,
] as const
export const WINDOW_DEFAULT_MS = 30_000
const WINDOW_MIN_MS = 1000
export const METRICS_MAX = 12
/** A URL that hides more lines than these isolates one instead. */
export const HIDDEN_MAX = 40
const OURS = [
  'page', 'service', 'instance', 'window', 'at', 'metric', 'large', 'theme', 'q', 'hide', 'only', 'view', 'wall', 'sort', 'filter', 'capture',
]

export function readUrl(search: string): Choices {
  const parameters = new URLSearchParams(search)
  const service = parameters.get('service')
  const theme = parameters.get('theme')
  return {
    page: readPage(parameters.get('page'), service),
    service,
    instance: parameters.get('instance'),
    windowMs: readWindow(parameters.get('window')),
    atMs: readNumber(parameters.get('at')),
    metrics: [...new Set(parameters.getAll('metric'))].slice(0, METRICS_MAX),
    large: parameters.get('large'),
    queries: parameters.getAll('q').slice(0, EXPLORE_QUERIES_MAX).map(readQuery),
    hidden: [...new Set(parameters.getAll('hide'))].slice(0, HIDDEN_MAX),
    only: parameters.get('only'),
    table: parameters.get('view') === 'table',
    wall: parameters.get('wall'),
    sort: parameters.get('sort'),
    filter: parameters.get('filter') ?? '',
    capture: parameters.get('capture'),
    theme: theme === 'dark' || theme === 'light' ? theme : 'system',
  }
}

/** `kept`: parameters that belong to something else, such as `paint=off`. */
export function writeUrl(choices: Choices, kept: string): string {
  const parameters = new URLSearchParams(kept)
  for (const name of OURS) parameters.delete(name)
  if (choices.page !== 'overview') parameters.set('page', choices.page)
  if (choices.service !== null) parameters.set('service', choices.service)
  if (choices.instance !== null) parameters.set('instance', choices.instance)
  if (choices.windowMs !== WINDOW_DEFAULT_MS) parameters.set('window', windowText(choices.windowMs))
  if (choices.atMs !== null) parameters.set('at', String(Math.round(choices.atMs)))
  for (const metric of choices.metrics) parameters.append('metric', metric)
  if (choices.large !== null) parameters.set('large', choices.large)
  for (const query of choices.queries) parameters.append('q', queryText(query))
  for (const line of choices.hidden) parameters.append('hide', line)
  if (choices.only !== null) parameters.set('only', choices.only)
  if (choices.table) parameters.set('view', 'table')
  if (choices.wall !== null) parameters.set('wall', choices.wall)
  if (choices.sort !== null) parameters.set('sort', choices.sort)
  if (choices.filter !== '') parameters.set('filter', choices.filter)
  if (choices.capture !== null) parameters.set('capture', choices.capture)
  if (choices.theme !== 'system') parameters.set('theme', choices.theme)
  const text = parameters.toString()
  return text === '' ? '' : `?${text}`
}

/** `[split=instance,axis=right]rps{service="checkout"}`: options that differ from the default come before the selector. */
function queryText(query: ExploreQuery): string {
  const options: string[] = []
  if (query.split !== QUERY_DEFAULT.split) options.push(`split=${encodeURIComponent(query.split ?? '')}`)
  if (query.combine !== QUERY_DEFAULT.combine) options.push(`by=${query.combine}`)
  if (query.statistic !== QUERY_DEFAULT.statistic) options.push(`of=${query.statistic}`)
  if (query.right) options.push('axis=right')
  return `${options.length === 0 ? '' : `[${options.join(',')}]`}${query.selector}`
}

function readQuery(text: string): ExploreQuery {
  const match = /^\[([^\]]*)\](.*)$/s.exec(text)
  const options = new Map((match?.[1] ?? '').split(',').map(option => {
    const [name = '', value = ''] = option.split('=')
    return [name, value] as const
  }))
  const split = options.get('split')
  const combine = options.get('by')
  const statistic = options.get('of')
  return {
    selector: match?.[2] ?? text,
    split: split === undefined ? null : decoded(split),
    combine: (COMBINES as readonly string[]).includes(combine ?? '') ? combine as CombineName : QUERY_DEFAULT.combine,
    statistic: (STATISTICS as readonly string[]).includes(statistic ?? '') ? statistic as Statistic : QUERY_DEFAULT.statistic,
    right: options.get('axis') === 'right',
  }
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

/** `30s`, `2m`, `12400ms`. */
export function windowText(ms: number): string {
  if (ms % 3_600_000 === 0) return `${ms / 3_600_000}h`
  if (ms % 60_000 === 0) return `${ms / 60_000}m`
  return ms % 1000 === 0 ? `${ms / 1000}s` : `${Math.round(ms)}ms`
}

function readWindow(text: string | null): number {
  const match = /^(\d{1,7}(?:\.\d+)?)(ms|s|m|h)$/.exec(text ?? '')
  if (match === null) return WINDOW_DEFAULT_MS
  const ms = Number(match[1]) * (match[2] === 'h' ? 3_600_000 : match[2] === 'm' ? 60_000 : match[2] === 's' ? 1000 : 1)
  return Math.min(WINDOWS_MS[WINDOWS_MS.length - 1]!, Math.max(WINDOW_MIN_MS, ms))
}

function readPage(text: string | null, service: string | null): Page {
  if (text === null && service !== null) return 'service'
  return (PAGES as readonly string[]).includes(text ?? '') ? text as Page : 'overview'
}

function readNumber(text: string | null): number | null {
  const value = text === null || text === '' ? Number.NaN : Number(text)
  return Number.isFinite(value) ? value : null
}
