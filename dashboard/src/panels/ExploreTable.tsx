import { useCallback, useMemo } from 'react'
import { formatClock, formatCount, formatNumber, formatValue } from '../paint/format'
import type { LivePlot } from '../paint/livePlot'
import type { Live } from '../live'
import type { ExploreLine } from '../store/explore'
import { lineValueAt, statsOf, tableOf } from '../store/windowStats'
import { useReading } from './liveContext'
import { cell, figure, headCell, headFigure } from './table'
import { isShown, useUi } from './uiState'

const ROWS_MAX = 200
const COLUMNS_MAX = 20

type Coloured = ExploreLine & { readonly colour: number }
type TableProps = { readonly lines: readonly Coloured[], readonly plot: LivePlot | null }

/** The legend: a row for each line of the chart, with the figures of what the window shows. */
export function ExploreStatistics({ chart, lines, plot }: TableProps & { readonly chart: string }) {
  return (
    <section aria-label="Statistics of the window" className="overflow-x-auto" tabIndex={0}>
      <table className="w-full border-collapse text-12">
        <thead>
          <tr className="border-b border-line">
            <th scope="col" className={headCell}>line</th>
            <th scope="col" className={headFigure} title="Under the crosshair, or the newest">value</th>
            <th scope="col" className={headFigure}>min</th>
            <th scope="col" className={headFigure}>mean</th>
            <th scope="col" className={headFigure}>max</th>
            <th scope="col" className={headFigure}>samples</th>
            <th scope="col" className={headFigure}>series</th>
          </tr>
        </thead>
        <tbody>
          {lines.map(line => <StatisticsRow key={line.key} chart={chart} line={line} plot={plot} />)}
        </tbody>
      </table>
    </section>
  )
}

type RowProps = { readonly chart: string, readonly line: Coloured, readonly plot: LivePlot | null }

function StatisticsRow({ chart, line, plot }: RowProps) {
  const name = `${chart}/${line.key}`
  const shown = useUi(state => isShown(name, state))
  const toggleLine = useUi(state => state.toggleLine)
  const isolateLine = useUi(state => state.isolateLine)
  const text = useReading(useCallback((live: Live) => {
    const window = plot?.window
    const at = lineValueAt(line, live.readAtMs())
    const stats = statsOf(line.column, line.shiftMs(), window?.leftMs ?? 0, window?.edgeMs ?? 0)
    const shownAs = [at, stats.min, stats.mean, stats.max].map(value => formatValue(value, line.unit))
    return [...shownAs, formatCount(stats.count), at, stats.min, stats.mean, stats.max].join('|')
  }, [line, plot]))
  const [at = '', min = '', mean = '', max = '', samples = '', ...raw] = text.split('|')
  return (
    <tr className="border-b border-grid last:border-0 hover:bg-raised" data-line={line.label}>
      <td className={cell}>
        <button
          type="button"
          className={`figures flex max-w-[60vw] items-center gap-2 truncate text-left ${shown ? 'text-text' : 'text-faint line-through'}`}
          aria-pressed={shown}
          title={`${line.label}\nClick: leave it out or draw it. Alt click: draw it alone.`}
          onClick={event => (event.altKey ? isolateLine : toggleLine)(name)}
        >
          <i
            className="inline-block h-2 w-2 shrink-0 border"
            style={{ borderColor: `var(--series-${line.colour % 10 + 1})`, background: shown ? `var(--series-${line.colour % 10 + 1})` : 'none' }}
            aria-hidden="true"
          />
          <span className="truncate">{line.label}</span>
          {line.right && <span className="text-faint">right axis</span>}
        </button>
        <button type="button" className="sr-only focus:not-sr-only" onClick={() => isolateLine(name)}>Draw {line.label} alone</button>
      </td>
      <Cell text={at} value={raw[0]} name={`explore-${line.label}`} />
      <Cell text={min} value={raw[1]} name={`explore-min-${line.label}`} />
      <Cell text={mean} value={raw[2]} name={`explore-mean-${line.label}`} />
      <Cell text={max} value={raw[3]} name={`explore-max-${line.label}`} />
      <td className={figure}>{samples}</td>
      <td className={figure}>{line.series}</td>
    </tr>
  )
}

function Cell({ text, value, name }: { readonly text: string, readonly value: string | undefined, readonly name: string }) {
  return <td className={figure} data-readout={name} data-value={value === 'NaN' ? '' : value}>{text}</td>
}

/** The samples of the window one by one, newest first. */
export function ExploreSamples({ lines, plot }: TableProps) {
  const columns = useMemo(() => lines.slice(0, COLUMNS_MAX), [lines])
  const text = useReading(useCallback((live: Live) => {
    const window = plot?.window
    const table = tableOf(columns, window?.leftMs ?? 0, window?.edgeMs ?? 0, ROWS_MAX)
    const rows = table.timesMs.map((timeMs, row) => [formatClock(live.originEpochMs + timeMs, true), ...table.values[row]!.map(formatNumber)].join('\u0001'))
    return [`${table.omitted}`, ...rows].join('\u0000')
  }, [columns, plot]))
  const [omitted = '0', ...rows] = text.split('\u0000')
  return (
    <section aria-label="Samples of the window" className="overflow-x-auto" tabIndex={0} data-samples="">
      <table className="border-collapse text-12">
        <thead className="sticky top-0 bg-surface">
          <tr className="border-b border-line">
            <th scope="col" className={headCell}>time</th>
            {columns.map(line => <th key={line.key} scope="col" className={headFigure} title={line.label}><span className="inline-block max-w-56 truncate align-bottom">{line.label}</span></th>)}
          </tr>
        </thead>
        <tbody>
          {rows.map((row, index) => (
            <tr key={index} className="border-b border-grid">
              {row.split('\u0001').map((value, at) => <td key={at} className={at === 0 ? `${cell} figures text-muted` : figure}>{value}</td>)}
            </tr>
          ))}
        </tbody>
      </table>
      {(omitted !== '0' || lines.length > columns.length) && (
        <p className="px-3 py-2 text-12 text-faint">
          {omitted !== '0' && `${omitted} older samples are not listed; CSV has them all. `}
          {lines.length > columns.length && `${lines.length - columns.length} more lines have no column here.`}
        </p>
      )}
    </section>
  )
}
