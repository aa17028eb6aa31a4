import { create } from 'zustand'
import { METRICS_MAX, WINDOW_DEFAULT_MS, type Choices, type Page, type ThemeChoice } from './url'

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
  readonly setTheme: (theme: ThemeChoice) => void
  readonly setHelp: (help: boolean) => void
  readonly setSearch: (search: boolean) => void
  readonly take: (choices: Choices) => void
}

export const initialChoices: Choices = {
  page: 'overview', service: null, instance: null, windowMs: WINDOW_DEFAULT_MS, atMs: null, metrics: [], large: null, theme: 'system',
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
  setTheme: theme => set({ theme }),
  setHelp: help => set({ help }),
  setSearch: search => set({ search }),
  take: choices => set(choices),
}))

export function choicesOf(state: Choices): Choices {
  const { page, service, instance, windowMs, atMs, metrics, large, theme } = state
  return { page, service, instance, windowMs, atMs, metrics, large, theme }
}
