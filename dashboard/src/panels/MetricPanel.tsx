import { useCallback, useMemo } from 'react'
import { formatIn, NO_VALUE, scaleFor } from '../paint/format'
import type { Line, LineModel } from '../paint/lineContent'
import type { Live } from '../live'
import { RateLine } from '../store/rate'
import type { LiveSeries } from '../store/series'
import { columnValueAt, shiftOf } from '../store/serviceView'
import { useDerivations, useLive, useReading } from './liveContext'
import { LinePanel } from './LinePanel'
import { ChartNotice } from './Notice'
import { Readout } from './Panel'
import type { ViewProps } from './ServicePage'

/** Lines drawn on one chart at most. */
export const METRIC_LINES_MAX = 100
const READOUTS_MAX = 3

/** One metric of the service: a line for each of its series. Counters are drawn as their rate. */
export function MetricPanel({ view, shape, metric }: ViewProps & { readonly metric: string }) {
  const live = useLive()
  const built = useMemo(() => {
    const series = shape.others.filter(one => one.name === metric && one.column !== null).slice(0, METRIC_LINES_MAX)
    return build(series, live)
  }, [shape, metric, live])
  useDerivations(built.derive)
  const { model } = built

  const text = useReading(useCallback((reader: Live) => {
    const values = built.model.lines.slice(0, READOUTS_MAX).map(line => columnValueAt(line.column, reader.readAtMs() - line.shiftMs()))
    const scaled = scaleFor(built.model.unit, Math.max(0, ...values.map(value => (Number.isNaN(value) ? 0 : Math.abs(value)))))
    return [scaled.unit, ...values.map(value => `${formatIn(value, scaled)}=${value}`)].join('|')
  }, [built]))
  const [unit = '', ...pairs] = text.split('|')
  return (
    <LinePanel
      name={metric}
      title={metric}
      verbatim
      unit={unit}
      label={`${metric} over time`}
      model={model}
      readouts={pairs.map((pair, index) => {
        const [shown = NO_VALUE, value = ''] = pair.split('=')
        const line = model.lines[index]
        return line && (
          <span key={line.label} title={line.label}>
            <Readout name={index === 0 ? metric : `${metric}-${index}`} text={shown} value={Number(value || Number.NaN)} colour={line.colour} />
          </span>
        )
      })}
      empty={model.lines.length === 0 && <ChartNotice>“{view.service}” sends no scalar metric “{metric}”.</ChartNotice>}
    />
  )
}

function build(series: readonly LiveSeries[], live: Live): { readonly model: LineModel, readonly derive: () => void } {
  const rates: RateLine[] = []
  const lines = series.map((one, index): Line => {
    const label = `${one.instance} ${one.title}`
    if (one.kind !== 'counter') return { label, column: one.column!, colour: index, shiftMs: shiftOf(one) }
    const rate = new RateLine(one.column!)
    rates.push(rate)
    return { label, column: rate.column, colour: index, shiftMs: shiftOf(one) }
  })
  const unit = series[0]?.unit ?? ''
  return {
    model: { lines, unit: series[0]?.kind === 'counter' ? perSecond(unit) : unit, area: lines.length === 1 },
    derive: () => {
      for (const rate of rates) rate.update(live.store.serverNowMs() - live.store.retentionMs)
    },
  }
}

function perSecond(unit: string): string {
  return unit === '' || unit === '1' ? '1/s' : unit === 'By' ? 'By' : `${unit}/s`
}
