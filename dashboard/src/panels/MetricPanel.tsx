import { useCallback, useMemo } from 'react'
import { formatIn, NO_VALUE, scaleFor } from '../paint/format'
import type { Line, LineModel } from '../paint/lineContent'
import type { Live } from '../live'
import { PercentileLines } from '../store/percentiles'
import { RateLine } from '../store/rate'
import type { LiveSeries } from '../store/series'
import { columnValueAt, histogramSources, shiftOf, type InstanceView } from '../store/serviceView'
import { useDerivations, useLive, useReading } from './liveContext'
import { LinePanel } from './LinePanel'
import { ChartNotice } from './Notice'
import { Readout } from './Panel'
import { PERCENTILE_COLOURS, PERCENTILE_LABELS, type ViewProps } from './percentileStyle'

/** Lines drawn on one chart at most. */
const METRIC_LINES_MAX = 100
const READOUTS_MAX = 3

type Built = { readonly model: LineModel, readonly derive: () => void, readonly about: string }

/**
 * One metric of the service. Gauges: a line for each series. Counters: the same, as rates. Histograms: percentiles, merged
 * over all series of that name.
 */
export function MetricPanel({ view, shape, metric }: ViewProps & { readonly metric: string }) {
  const live = useLive()
  const built = useMemo(() => {
    const series = shape.others.filter(one => one.name === metric)
    return build(series.slice(0, METRIC_LINES_MAX), shape.instances, live)
  }, [shape, metric, live])
  useDerivations(built.derive)
  const { model } = built

  const text = useReading(useCallback((reader: Live) => {
    const values = built.model.lines.slice(0, READOUTS_MAX).map(line => columnValueAt(line.column, reader.readAtMs() - line.shiftMs()))
    const scaled = scaleFor(built.model.unit, Math.max(0, ...values.map(value => (Number.isNaN(value) ? 0 : Math.abs(value)))))
    return [scaled.unit, ...values.map(value => `${formatIn(value, scaled)}=${value}`)].join('|')
  }, [built]))
  const [unit = '', ...pairs] = text.split('|')
  const isHistogram = model.lines[0]?.label === PERCENTILE_LABELS[0]
  return (
    <LinePanel
      name={metric}
      title={metric}
      verbatim
      about={built.about}
      label={`${metric} over time`}
      model={model}
      readouts={pairs.map((pair, index) => {
        const [shown = NO_VALUE, value = ''] = pair.split('=')
        const line = model.lines[index]
        if (line === undefined) return null
        const name = isHistogram ? `${metric}-${line.label}` : index === 0 ? metric : `${metric}-${index}`
        const number = value === '' ? Number.NaN : Number(value)
        return (
          <span key={name} title={line.label}>
            <Readout
              name={name}
              {...(isHistogram ? { label: line.label } : {})}
              text={shown}
              value={number}
              unit={unit}
              colour={line.colour}
            />
          </span>
        )
      })}
      empty={model.lines.length === 0 && <ChartNotice>“{view.service}” sends no metric “{metric}”.</ChartNotice>}
    />
  )
}

function build(series: readonly LiveSeries[], instances: readonly InstanceView[], live: Live): Built {
  const unit = series[0]?.unit ?? ''
  const keptFromMs = () => live.store.serverNowMs() - live.store.retentionMs
  if (series[0]?.kind === 'histogram') {
    const percentiles = new PercentileLines()
    const sources = histogramSources(series, instances)
    percentiles.setSources(sources)
    const lines = percentiles.columns.map((column, i): Line => ({
      label: PERCENTILE_LABELS[i]!, column, colour: PERCENTILE_COLOURS[i]!, shiftMs: () => 0,
    }))
    return {
      model: { lines, unit, area: false },
      derive: () => percentiles.update(keptFromMs()),
      about: `Percentiles over a sliding second, merged over ${sources.length} series.`,
    }
  }
  const rates: RateLine[] = []
  const lines = series.flatMap((one, index): Line[] => {
    if (one.column === null) return []
    const label = `${one.instance} ${one.title}`
    if (one.kind !== 'counter') return [{ label, column: one.column, colour: index, shiftMs: shiftOf(one) }]
    const rate = new RateLine(one.column)
    rates.push(rate)
    return [{ label, column: rate.column, colour: index, shiftMs: shiftOf(one) }]
  })
  return {
    model: { lines, unit: rates.length > 0 ? perSecond(unit) : unit, area: lines.length === 1 },
    derive: () => {
      for (const rate of rates) rate.update(keptFromMs())
    },
    about: rates.length > 0 ? 'The counter’s increase per second, over a sliding second.' : 'As it was sent, sample by sample.',
  }
}

function perSecond(unit: string): string {
  return unit === '' || unit === '1' ? '1/s' : `${unit}/s`
}
