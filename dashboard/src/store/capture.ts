import type { CapturedSeries, CaptureRecord, SeriesName } from '../wire/triggers'
import { Column } from './column'
import { perSecond } from './explore'
import { RateLine } from './rate'
import type { ViewLine } from './serviceView'

export type CaptureChart = {
  readonly name: string
  readonly unit: string
  readonly lines: readonly ViewLine[]
  /** The chart of the series that fired. */
  readonly fired: boolean
}

const noShift = () => 0
const QUANTILES = ['p50', 'p95', 'p99'] as const
/** Lines on one chart of a capture. */
const LINES_MAX = 50

/** The charts of a capture: one for each metric, that of the firing first. */
export function chartsOf(capture: CaptureRecord, originNs: bigint): CaptureChart[] {
  const charts = new Map<string, { name: string, unit: string, lines: ViewLine[], fired: boolean }>()
  for (const captured of capture.series) {
    const { series } = captured
    let chart = charts.get(series.name)
    if (chart === undefined) charts.set(series.name, chart = { name: series.name, unit: series.kind === 'counter' ? perSecond(series.unit) : series.unit, lines: [], fired: false })
    chart.fired ||= series.id === capture.firing.series.id
    if (chart.lines.length < LINES_MAX) chart.lines.push(...linesOf(captured, originNs))
  }
  return [...charts.values()].filter(chart => chart.lines.length > 0)
    .sort((a, b) => Number(b.fired) - Number(a.fired) || (a.name < b.name ? -1 : 1))
}

function linesOf({ series, timesNs, columns }: CapturedSeries, originNs: bigint): ViewLine[] {
  const times = timesNs.map(ns => Number(ns - originNs) / 1e6)
  const make = (label: string, values: readonly number[] | undefined): ViewLine[] => {
    if (values?.length !== times.length) return []
    const column = new Column()
    const { min = values, max = values } = series.kind === 'histogram' ? {} : columns
    for (const [row, timeMs] of times.entries()) {
      column.appendRow(timeMs, timeMs, values[row]!, min[row] ?? values[row]!, max[row] ?? values[row]!, 0, Number.NEGATIVE_INFINITY)
    }
    if (series.kind !== 'counter') return [{ label, column, shiftMs: noShift }]
    const rate = new RateLine(column)
    rate.update(Number.NEGATIVE_INFINITY)
    return [{ label, column: rate.column, shiftMs: noShift }]
  }
  if (series.kind !== 'histogram') return make(titleOf(series), columns['values'])
  return QUANTILES.flatMap(quantile => make(`${titleOf(series)} ${quantile}`, columns[quantile]))
}

export function titleOf({ name, labels, service, instance }: SeriesName): string {
  const inBraces = Object.entries(labels).map(([label, value]) => `${label}="${value}"`).join(',')
  return `${name}${inBraces === '' ? '' : `{${inBraces}}`} ${service}/${instance}`
}
