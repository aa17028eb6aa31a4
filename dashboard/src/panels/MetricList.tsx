import { useCallback, useMemo } from 'react'
import { formatCount, formatValue, unitName } from '../paint/format'
import type { Line } from '../paint/lineContent'
import type { Live } from '../live'
import { percentilesOf } from '../store/percentiles'
import type { LiveSeries } from '../store/series'
import { shiftOf, valueAt } from '../store/serviceView'
import { useReading } from './liveContext'
import type { ViewProps } from './percentileStyle'
import { Sparkline } from './Sparkline'
import { cell, figure, headCell, headFigure, sparkCell } from './table'
import { useUi } from './uiState'

/** Rows drawn at most: a label with too many values must not freeze the page. */
const METRIC_ROWS_MAX = 200

/** Every other series of the service. A click on a name draws it as a chart at full rate. */
export function MetricList({ shape }: Pick<ViewProps, 'shape'>) {
  const metrics = useUi(state => state.metrics)
  const toggleMetric = useUi(state => state.toggleMetric)
  if (shape.others.length === 0) return null
  const shown = shape.others.slice(0, METRIC_ROWS_MAX)
  return (
    <section aria-label="Other metrics" className="pb-4">
      <div className="overflow-x-auto" tabIndex={0}>
        <table className="w-full border-collapse text-12">
          <caption className="px-3 pt-2 text-left text-11 font-semibold tracking-wider text-muted uppercase">Other metrics</caption>
          <thead>
            <tr className="border-b border-line">
              <th scope="col" className={headCell}>metric</th>
              <th scope="col" className={headCell}>instance</th>
              <th scope="col" className={headCell}>kind</th>
              <th scope="col" className={headCell}>unit</th>
              <th scope="col" className={headFigure} title="The newest value; of a histogram its p99.">value</th>
              <th scope="col" className={headCell}>over time</th>
            </tr>
          </thead>
          <tbody>
            {shown.map(series => (
              <Row
                key={series.identity}
                series={series}
                charted={metrics.includes(series.name)}
                onToggle={() => toggleMetric(series.name)}
              />
            ))}
          </tbody>
        </table>
      </div>
      {shape.others.length > shown.length && (
        <p className="px-3 py-2 text-12 text-faint">
          {shape.others.length - shown.length} more series are not listed. Choose an instance to see fewer.
        </p>
      )}
    </section>
  )
}

type RowProps = { readonly series: LiveSeries, readonly charted: boolean, readonly onToggle: () => void }

function Row({ series, charted, onToggle }: RowProps) {
  const value = useReading(useCallback((live: Live) => {
    const newest = newestOf(series, live.readAtMs())
    return series.kind === 'counter' ? formatCount(newest) : formatValue(newest, series.unit)
  }, [series]))
  const line = useMemo((): Line | null => (
    series.column === null ? null : { label: series.title, column: series.column, colour: 7, shiftMs: shiftOf(series) }
  ), [series])
  return (
    <tr className="border-b border-grid last:border-0 hover:bg-raised">
      <td className={cell}>
        <button
          type="button"
          className="max-w-96 truncate text-left text-accent hover:underline"
          aria-pressed={charted}
          title={charted ? `Take the chart of ${series.name} away` : `Show ${series.name} as a chart`}
          onClick={onToggle}
        >
          {charted ? '▣' : '▢'} {series.title}
        </button>
      </td>
      <td className={`${cell} max-w-64 truncate text-muted`}>{series.instance}</td>
      <td className={`${cell} text-muted`}>{series.kind}</td>
      <td className={`${cell} text-muted`}>{unitName(series.unit)}</td>
      <td className={figure}>{value}</td>
      <td className={sparkCell}><Sparkline name={`${series.title}-sparkline`} label={`${series.title} over time`} line={line} /></td>
    </tr>
  )
}

/** The list is served once a second: a value may be that old. */
const LIST_AGE_MS = 3000

const percentiles = new Float64Array(3)

/** Of a histogram its p99. */
function newestOf(series: LiveSeries, nowMs: number): number {
  if (series.histogram !== null) {
    const newestMs = series.histogram.newestMs + series.source.shiftMs
    const atMs = nowMs - newestMs < LIST_AGE_MS ? Math.min(nowMs, newestMs) : nowMs
    percentilesOf([{ histogram: series.histogram, shiftMs: shiftOf(series) }], atMs, percentiles)
    return percentiles[2]!
  }
  const value = valueAt(series, nowMs)
  if (!Number.isNaN(value) || series.column === null) return value
  return nowMs - series.newestMs < LIST_AGE_MS ? series.column.newestValue : Number.NaN
}
