import { useCallback, useEffect, useMemo, useState } from 'react'
import { formatClock } from '../paint/format'
import type { LineModel } from '../paint/lineContent'
import type { LivePlot } from '../paint/livePlot'
import { pictureOf } from '../paint/picture'
import type { Live } from '../live'
import { ExploreView, type ExploreLine } from '../store/explore'
import { exploreSubscriptions } from '../store/subscriptions'
import { csvOf } from '../store/windowStats'
import { download, fileName } from './download'
import { ExploreQueries } from './ExploreQueries'
import { ExploreSamples, ExploreStatistics } from './ExploreTable'
import { LinePanel } from './LinePanel'
import { useDerivations, useLive, useReading } from './liveContext'
import { ChartNotice, Notice } from './Notice'
import { MetricPicker } from './MetricPicker'
import { isShown, useUi } from './uiState'
import { useSubscriptions } from './useSubscriptions'

const EXPLORE_CHART = 'explore'
/** Lists of series are read again this often while the page is open: new series appear in the pickers. */
const LIST_EVERY_MS = 10_000

/** Any metric of any service: queries on top, one chart, and its figures below. */
export function ExplorePage() {
  const live = useLive()
  const queries = useUi(state => state.queries)
  const windowMs = useUi(state => state.windowMs)
  const table = useUi(state => state.table)
  const hidden = useUi(state => state.hidden)
  const only = useUi(state => state.only)
  const [plot, setPlot] = useState<LivePlot | null>(null)
  const view = useMemo(() => new ExploreView(live.store, queries), [live, queries])
  useDerivations(view.derive)

  useEffect(() => {
    const list = () => {
      if (!live.hidden && live.catalog.unlisted === 0) void live.listSeries()
    }
    list()
    const timer = setInterval(list, LIST_EVERY_MS)
    return () => clearInterval(timer)
  }, [live])

  const histograms = useReading(useCallback((reader: Live) => histogramNames(reader), []))
  const subscriptions = useMemo(() => {
    const names = new Set(histograms.split('\u0000'))
    return exploreSubscriptions(queries, windowMs, name => names.has(name))
  }, [queries, windowMs, histograms])
  useSubscriptions(subscriptions)

  const shape = useReading(useCallback(() => view.shape, [view]))
  useEffect(() => {
    live.history.draw(shape.percentiles, shape.undrawn)
    return () => live.history.draw([])
  }, [live, shape])
  const lines = useMemo(() => shape.lines.map((line, index) => ({ ...line, colour: index })), [shape])
  const shown = useMemo(
    () => lines.filter(line => isShown(`${EXPLORE_CHART}/${line.key}`, { hidden, only })),
    [lines, hidden, only],
  )
  const model = useMemo(() => modelOf(shown), [shown])

  const exportCsv = () => {
    const window = plot?.window
    if (window === undefined) return
    const text = csvOf(shown, window.leftMs, window.edgeMs, live.originEpochMs)
    download(fileName('explore', live.originEpochMs + window.edgeMs, 'csv'), new Blob([text], { type: 'text/csv' }))
  }
  const exportPng = () => {
    if (plot === null) return
    const title = queries.map(query => query.selector).join('   ')
    pictureOf(plot, title, shown, live.loop.frame.theme, live.originEpochMs).toBlob(blob => {
      if (blob !== null) download(fileName('explore', live.originEpochMs + plot.window.edgeMs, 'png'), blob)
    })
  }

  if (queries.length === 0) return <main className="min-h-0 flex-1 bg-surface"><NothingAsked /></main>
  return (
    <main className="flex min-h-0 flex-1 flex-col overflow-y-auto bg-surface" tabIndex={0}>
      <ExploreQueries shape={shape} onCsv={exportCsv} onPng={exportPng} />
      <div className="h-72 shrink-0 border-b border-line lg:h-[45vh]">
        <LinePanel
          name={EXPLORE_CHART}
          title={queries.length === 1 ? queries[0]!.selector : `${queries.length} queries`}
          verbatim
          label="What was asked for, over time"
          model={model}
          onPlot={setPlot}
          {...(model.rightUnit === undefined ? {} : { note: `left, ${model.rightUnit === '' ? 'no unit' : model.rightUnit} right` })}
          readouts={<ReadAt />}
          empty={shape.lines.length === 0
            ? <ChartNotice><Unmatched /></ChartNotice>
            : shown.length === 0 && <ChartNotice>Every line is left out. Click a name below to draw it.</ChartNotice>}
        />
      </div>
      {shape.omitted > 0 && (
        <p className="border-b border-line px-3 py-1 text-12 text-warn" role="status">
          {shape.omitted} more lines are not drawn: add a filter, or split by one label.
        </p>
      )}
      {table ? <ExploreSamples lines={shown} plot={plot} /> : <ExploreStatistics chart={EXPLORE_CHART} lines={lines} plot={plot} />}
    </main>
  )
}

/** The instant that all figures are read at: the crosshair's, or now. */
function ReadAt() {
  const text = useReading(useCallback((live: Live) => (
    live.viewport.cursorMs === null ? '' : formatClock(live.originEpochMs + live.viewport.cursorMs, true)
  ), []))
  return <span className="figures text-12 text-muted">{text}</span>
}

function Unmatched() {
  const connected = useReading(useCallback((live: Live) => live.store.aggregators.some(({ phase }) => phase.kind === 'open'), []))
  return <>{connected ? 'No series matches. Take a filter away, or pick another metric.' : 'There is no connection: what matches is not known.'}</>
}

function NothingAsked() {
  const addQuery = useUi(state => state.addQuery)
  return (
    <Notice action={<MetricPicker autoFocus onPick={addQuery} />}>
      Pick a metric: type a part of its name, or a selector such as <code className="figures">rps{'{service="checkout"}'}</code>.
    </Notice>
  )
}

/** Units that differ from the left axis' cannot share it; the first line of each side says what it is in. */
function modelOf(lines: readonly (ExploreLine & { readonly colour: number })[]): LineModel {
  const left = lines.filter(line => !line.right)
  const right = lines.filter(line => line.right)
  return {
    lines, unit: left[0]?.unit ?? '', area: lines.length === 1 && left.length === 1,
    ...(right.length === 0 ? {} : { rightUnit: right[0]?.unit ?? '' }),
  }
}

function histogramNames(live: Live): string {
  const names = new Set<string>()
  for (const { kind, name } of live.catalog.series()) if (kind === 'histogram') names.add(name)
  for (const { kind, name } of live.store.series()) if (kind === 'histogram') names.add(name)
  return [...names].sort().join('\u0000')
}
