import { useCallback, useEffect, useMemo, useState } from 'react'
import { formatIn } from '../paint/format'
import type { LivePlot } from '../paint/livePlot'
import { ROW_MAX_PX, WallContent, type WallRow } from '../paint/wallContent'
import type { Live } from '../live'
import { wallSubscriptions } from '../store/subscriptions'
import type { LiveSeries } from '../store/series'
import { shiftOf } from '../store/serviceView'
import { useLive, useReading } from './liveContext'
import { ChartNotice } from './Notice'
import { Panel, Readout } from './Panel'
import { Plot } from './Plot'
import { useUi } from './uiState'
import { useSubscriptions } from './useSubscriptions'

/** Up to here the rows are high enough to be named on the wall; with more rows the pointer names them. */
const NAMED_ROWS_MAX = 32

const createWall = (name: string, canvas: HTMLCanvasElement) => new WallContent(name, canvas)

/** Every series of one metric at once, as a wall of colours. A click opens the service. */
export function WallPanel({ metric, filter }: { readonly metric: string, readonly filter: string }) {
  const live = useLive()
  const windowMs = useUi(state => state.windowMs)
  const openService = useUi(state => state.openService)
  const [plot, setPlot] = useState<LivePlot | null>(null)
  const content = plot?.content instanceof WallContent ? plot.content : null
  const known = useReading(useCallback((reader: Live) => Math.max(reader.store.catalogVersion, 0), []))
  const instances = useReading(useCallback((reader: Live) => (
    [...reader.catalog.services().values()].reduce((sum, one) => sum + one.instances, 0)
  ), []))
  const subscriptions = useMemo(() => wallSubscriptions(metric, windowMs, instances), [metric, windowMs, instances])
  useSubscriptions(subscriptions)

  const model = useMemo(() => {
    const wanted = filter.toLowerCase()
    const rows: WallRow[] = []
    let unit = ''
    for (const series of seriesAt(live, known)) {
      if (series.name !== metric || series.column === null || !series.service.toLowerCase().includes(wanted)) continue
      unit ||= series.unit
      rows.push({ label: `${series.service}/${series.instance}`, service: series.service, column: series.column, shiftMs: shiftOf(series) })
    }
    rows.sort((a, b) => (a.label < b.label ? -1 : 1))
    return { rows, unit }
  }, [live, metric, filter, known])
  useEffect(() => content?.setModel(model), [content, model])

  const under = useReading(useCallback((reader: Live) => (
    content === null || reader.viewport.cursorMs === null ? null : content.describe(reader.viewport.cursorMs)
  ), [content]))
  const max = useReading(useCallback(() => (content === null ? '' : `${formatIn(content.max, content.scaled)} ${content.scaled.unit}`), [content]))
  return (
    <Panel
      name="wall"
      title={metric}
      verbatim
      unit={`${model.rows.length} series`}
      about="A row for each series, in the order of the names; the highest value of each slice of time as colour."
      readouts={under === null
        ? (
            <span className="flex items-center gap-2 text-11 text-faint">
              0<i className="inline-block h-2 w-16 border border-line" style={{ background: heatGradient }} aria-hidden="true" />
              <span className="figures">{max}</span>
            </span>
          )
        : <Readout name="wall-cell" text={under} />}
    >
      <div
        className="relative h-full"
        onClick={() => {
          const row = content?.under()
          if (row) openService(row.service)
        }}
      >
        <Plot name="wall" label={`${metric} of all series as a heat wall`} create={createWall} onPlot={setPlot} onPointer={height => content?.point(height)} />
        {model.rows.length <= NAMED_ROWS_MAX && <RowNames rows={model.rows} />}
      </div>
      {model.rows.length === 0 && <ChartNotice>No series is named “{metric}”{filter === '' ? '' : ' where the filter matches'}.</ChartNotice>}
    </Panel>
  )
}

/** Over the canvas of the data, a name where its row is. */
function RowNames({ rows }: { readonly rows: readonly WallRow[] }) {
  return (
    <ol className="pointer-events-none absolute top-0 right-0 left-12 h-[calc(100%-18px)]" aria-label="Rows">
      {rows.map((row, index) => (
        <li key={index} className="flex items-center overflow-hidden pl-1" style={{ height: `min(${ROW_MAX_PX}px, ${100 / rows.length}%)` }}>
          <span className="max-w-56 truncate rounded bg-surface/80 px-1 text-11 text-text">{row.label}</span>
        </li>
      ))}
    </ol>
  )
}

const heatGradient = `linear-gradient(to right, ${Array.from({ length: 8 }, (_, i) => `var(--heat-${i + 1})`).join(', ')})`

/** The series as of a version of the catalog: those declared by then. */
function seriesAt(live: Live, version: number): Iterable<LiveSeries> {
  return version === 0 ? [] : live.store.series()
}
