import { create } from 'zustand'
import { EXPLORE_QUERIES_MAX, QUERY_DEFAULT, type ExploreQuery } from '../store/explore'
import { HIDDEN_MAX, METRICS_MAX, WINDOW_DEFAULT_MS, type Choices, type Page, type ThemeChoice } from './url'

/** What the user chose; nothing that arrives from outside is in here. */
export type UiState = Choices & {
  readonly help: boolean
  readonly search: boolean
  readonly open: (page: Page) => void
  readonly openService: (service: string) => void
  readonly openInstance: (instance: string | null) => void
  readonly setWindow: (windowMs: number) => void
  readonly setAt: (atMs: number | null) => void
  readonly toggleMetric: (metric: string) => void
  readonly setLarge: (large: string | null) => void
  /** Histograms begin merged: they can be added up, percentiles cannot. */
  readonly addQuery: (selector: string, isHistogram?: boolean) => void
  readonly changeQuery: (index: number, change: Partial<ExploreQuery>) => void
  readonly removeQuery: (index: number) => void
  /** Draws a line or leaves it out; `line` is `chart/line`. */
  readonly toggleLine: (line: string) => void
  /** Draws this line of its chart alone; again: all. */
  readonly isolateLine: (line: string) => void
  readonly setTable: (table: boolean) => void
  readonly setWall: (wall: string | null) => void
  readonly setSort: (sort: string | null) => void
  readonly setFilter: (filter: string) => void
  readonly setCapture: (capture: string | null) => void
  readonly setTheme: (theme: ThemeChoice) => void
  readonly setHelp: (help: boolean) => void
  readonly setSearch: (search: boolean) => void
  readonly take: (choices: Choices) => void
}

export const initialChoices: Choices = {
  page: 'overview', service: null, instance: null, windowMs: WINDOW_DEFAULT_MS, atMs: null, metrics: [], large: null,
  queries: [], hidden: [], only: null, table: false, wall: null, sort: null, filter: '', capture: null, theme: 'system',
}

export const useUi = create<UiState>()(set => ({
  ...initialChoices,
  help: false,
  search: false,
  open: page => set({ page, large: null }),
  openService: service => set(state => ({
    page: 'service', service, large: null, search: false,
    instance: state.service === service ? state.instance : null, metrics: state.service === service ? state.metrics : [],
  })),
  openInstance: instance => set({ instance }),
  setWindow: windowMs => set({ windowMs }),
  setAt: atMs => set({ atMs }),
  toggleMetric: metric => set(({ metrics }) => ({
    metrics: metrics.includes(metric) ? metrics.filter(one => one !== metric) : [...metrics, metric].slice(-METRICS_MAX),
  })),
  setLarge: large => set({ large }),
  addQuery: (selector, isHistogram = false) => set(({ queries }) => ({
    page: 'explore', search: false,
    queries: [...queries, { ...QUERY_DEFAULT, split: isHistogram ? '' : null, selector }].slice(-EXPLORE_QUERIES_MAX),
  })),
  changeQuery: (index, change) => set(({ queries }) => ({
    queries: queries.map((query, i) => (i === index ? { ...query, ...change } : query)),
  })),
  removeQuery: index => set(({ queries }) => ({ queries: queries.filter((_, i) => i !== index), hidden: [], only: null })),
  toggleLine: line => set(({ hidden, only }) => {
    if (only !== null && chartOf(only) === chartOf(line)) {
      return { only: null, hidden: only === line ? hidden : hidden.filter(one => one !== line) }
    }
    return { hidden: hidden.includes(line) ? hidden.filter(one => one !== line) : [...hidden, line].slice(-HIDDEN_MAX) }
  }),
  isolateLine: line => set(({ hidden, only }) => (
    only === line ? { only: null } : { only: line, hidden: hidden.filter(one => chartOf(one) !== chartOf(line)) }
  )),
  setTable: table => set({ table }),
  setWall: wall => set({ wall }),
  setSort: sort => set({ sort }),
  setFilter: filter => set({ filter }),
  setCapture: capture => set({ capture }),
  setTheme: theme => set({ theme }),
  setHelp: help => set({ help }),
  setSearch: search => set({ search }),
  take: choices => set(choices),
}))

export function choicesOf(state: Choices): Choices {
  const { page, service, instance, windowMs, atMs, metrics, large, queries, hidden, only } = state
  const { table, wall, sort, filter, capture, theme } = state
  return { page, service, instance, windowMs, atMs, metrics, large, queries, hidden, only, table, wall, sort, filter, capture, theme }
}

/** A chart's name never holds a slash: metrics are names of identifiers, and panels are ours. */
function chartOf(line: string): string {
  return line.slice(0, line.indexOf('/'))
}

export function isShown(line: string, { hidden, only }: Pick<Choices, 'hidden' | 'only'>): boolean {
  return only !== null && chartOf(only) === chartOf(line) ? only === line : !hidden.includes(line)
}
