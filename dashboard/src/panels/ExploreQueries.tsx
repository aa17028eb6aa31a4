import { useCallback, type ReactNode } from 'react'
import type { Live } from '../live'
import { COMBINES, EXPLORE_QUERIES_MAX, STATISTICS, type ExploreQuery, type ExploreShape } from '../store/explore'
import { labelOf, matcherOf, parseSelector, selectorText, type Matcher, type Selectable } from '../store/selector'
import { Combobox } from './Combobox'
import { useReading } from './liveContext'
import { MetricPicker } from './MetricPicker'
import { Button } from './Notice'
import { useUi } from './uiState'

const select = 'h-7 max-w-48 rounded border border-line bg-bg px-1 text-12 text-text'

type ExploreQueriesProps = { readonly shape: ExploreShape, readonly onCsv: () => void, readonly onPng: () => void }

/** A row for each query, and buttons for what to do with the answer. */
export function ExploreQueries({ shape, onCsv, onPng }: ExploreQueriesProps) {
  const queries = useUi(state => state.queries)
  const table = useUi(state => state.table)
  const setTable = useUi(state => state.setTable)
  const addQuery = useUi(state => state.addQuery)
  return (
    <section aria-label="Queries" className="border-b border-line">
      <ul>
        {queries.map((query, index) => <Row key={`${index}:${query.selector}`} index={index} query={query} matched={shape.matched[index] ?? []} />)}
      </ul>
      <div className="flex flex-wrap items-center gap-2 px-3 py-2">
        {queries.length < EXPLORE_QUERIES_MAX && <MetricPicker onPick={addQuery} />}
        <div className="ml-auto flex gap-2">
          <Button onClick={() => setTable(!table)} title="Samples one by one, or statistics of the window">{table ? 'Statistics' : 'Samples'}</Button>
          <Button onClick={onCsv} title="Every sample of the window">CSV</Button>
          <Button onClick={onPng} title="The chart as a picture">PNG</Button>
        </div>
      </div>
    </section>
  )
}

type RowProps = { readonly index: number, readonly query: ExploreQuery, readonly matched: readonly Selectable[] }

function Row({ index, query, matched }: RowProps) {
  const changeQuery = useUi(state => state.changeQuery)
  const removeQuery = useUi(state => state.removeQuery)
  const change = (next: Partial<ExploreQuery>) => changeQuery(index, next)
  const parsed = parseSelector(query.selector)
  const matchers = parsed.ok ? parsed.selector.matchers : []
  const withMatchers = (next: readonly Matcher[]) => {
    if (parsed.ok) change({ selector: selectorText({ ...parsed.selector, matchers: next }) })
  }
  const labels = useLabels(query.selector, matched)
  const name = parsed.ok ? parsed.selector.name : null
  return (
    <li className="flex flex-wrap items-center gap-2 border-b border-grid px-3 py-1.5 text-12" data-query={query.selector}>
      <span className="figures font-medium">{parsed.ok ? name ?? 'any metric' : query.selector}</span>
      {!parsed.ok && <span className="text-bad" role="alert">{parsed.error}</span>}
      {matchers.map((matcher, at) => (
        <span key={`${matcher.label}${matcher.operator}${matcher.value}`} className="figures flex h-7 max-w-80 items-center rounded border border-line bg-raised pl-2">
          <span className="truncate">{matcher.label}{matcher.operator}{matcher.value}</span>
          <button
            type="button"
            className="px-2 text-muted hover:text-text"
            aria-label={`Take the filter ${matcher.label}${matcher.operator}${matcher.value} away`}
            onClick={() => withMatchers(matchers.filter((_, i) => i !== at))}
          >
            ×
          </button>
        </span>
      ))}
      {parsed.ok && (
        <Combobox
          label={`Filter of ${query.selector}`}
          placeholder="+ filter"
          width="w-32"
          options={labels.filters.map(({ label, value }) => ({ key: JSON.stringify([label, value]), title: `${label}="${value}"` }))}
          onPick={key => {
            const [label, value] = JSON.parse(key) as [string, string]
            withMatchers([...matchers.filter(matcher => matcher.label !== label), { label, operator: '=', value }])
          }}
          onText={typed => {
            const added = parseSelector(`{${typed}}`)
            if (!added.ok || added.selector.matchers.length === 0) return false
            withMatchers([...matchers, ...added.selector.matchers])
            return true
          }}
        />
      )}
      <Field label="split">
        <select
          className={select}
          value={query.split === null ? 'each' : query.split === '' ? 'none' : `by ${query.split}`}
          onChange={({ target: { value } }) => change({ split: value === 'each' ? null : value === 'none' ? '' : value.slice(3) })}
        >
          <option value="each">each series</option>
          <option value="none">none</option>
          {labels.names.map(name => <option key={name} value={`by ${name}`}>{name}</option>)}
          {query.split !== null && query.split !== '' && !labels.names.includes(query.split) && <option value={`by ${query.split}`}>{query.split}</option>}
        </select>
      </Field>
      <Together name={name} query={query} change={change} />
      <Field label="axis">
        <select className={select} value={query.right ? 'right' : 'left'} onChange={({ target }) => change({ right: target.value === 'right' })}>
          <option>left</option>
          <option>right</option>
        </select>
      </Field>
      <span className="ml-auto text-faint">{matched.length} series</span>
      <button type="button" className="px-1 text-14 text-muted hover:text-text" aria-label={`Take ${query.selector} away`} onClick={() => removeQuery(index)}>×</button>
    </li>
  )
}

type TogetherProps = { readonly name: string | null, readonly query: ExploreQuery, readonly change: (next: Partial<ExploreQuery>) => void }

/** How what shares a line becomes one: histograms add up, and what is read off them is chosen; numbers are combined. */
function Together({ name, query, change }: TogetherProps) {
  const isHistogram = useReading(useCallback((live: Live) => (
    live.catalog.series().some(series => series.name === name && series.kind === 'histogram')
      || [...live.store.series()].some(series => series.name === name && series.kind === 'histogram')
  ), [name]))
  if (isHistogram) {
    const choose = (value: string) => change({ statistic: STATISTICS.find(one => one === value) ?? 'percentiles' })
    return (
      <Field label="show">
        <select className={select} value={query.statistic} onChange={({ target }) => choose(target.value)}>
          {STATISTICS.map(one => <option key={one}>{one}</option>)}
        </select>
      </Field>
    )
  }
  if (query.split === null) return null
  const choose = (value: string) => change({ combine: COMBINES.find(one => one === value) ?? 'sum' })
  return (
    <Field label="as">
      <select className={select} value={query.combine} onChange={({ target }) => choose(target.value)}>
        {COMBINES.map(one => <option key={one}>{one}</option>)}
      </select>
    </Field>
  )
}

function Field({ label, children }: { readonly label: string, readonly children: ReactNode }) {
  return <label className="flex items-center gap-1 text-faint">{label}{children}</label>
}

const FILTERS_MAX = 2000

/** The labels of what a query's metric has, and the values that would narrow what it matches. */
function useLabels(selector: string, matched: readonly Selectable[]): { names: string[], filters: { label: string, value: string }[] } {
  const text = useReading(useCallback((live: Live) => {
    const parsed = parseSelector(selector)
    const matches = parsed.ok ? matcherOf(parsed.selector) : () => false
    const names = new Set<string>()
    const filters = new Set<string>()
    for (const series of [...live.catalog.series().filter(matches), ...matched]) {
      for (const name of ['service', 'instance', ...Object.keys(series.labels)]) {
        names.add(name)
        if (filters.size < FILTERS_MAX) filters.add(JSON.stringify([name, labelOf(series, name)]))
      }
    }
    return JSON.stringify([[...names], [...filters].sort()])
  }, [selector, matched]))
  const [names, filters] = JSON.parse(text) as [string[], string[]]
  return { names, filters: filters.map(filterOf) }
}

function filterOf(text: string): { label: string, value: string } {
  const [label = '', value = ''] = JSON.parse(text) as string[]
  return { label, value }
}
