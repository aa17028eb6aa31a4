import { useCallback, useEffect, useState, type ReactNode } from 'react'
import { HeatContent, type HeatModel } from '../paint/heatContent'
import { formatDuration } from '../paint/format'
import type { LivePlot } from '../paint/livePlot'
import { useReading } from './liveContext'
import { Panel, Readout } from './Panel'
import { Plot } from './Plot'

type HeatPanelProps = { readonly name: string, readonly title: string, readonly model: HeatModel, readonly empty?: ReactNode }

const createHeat = (name: string, canvas: HTMLCanvasElement) => new HeatContent(name, canvas)

/** Histograms over time: value upwards on a log axis, count as colour. */
export function HeatPanel({ name, title, model, empty }: HeatPanelProps) {
  const [plot, setPlot] = useState<LivePlot | null>(null)
  const onPlot = useCallback((mounted: LivePlot | null) => setPlot(mounted), [])
  const content = plot?.content instanceof HeatContent ? plot.content : null

  useEffect(() => {
    content?.setModel(model)
  }, [content, model])

  const under = useReading(useCallback(live => {
    const { cursorMs } = live.viewport
    return content === null || cursorMs === null ? null : content.describe(cursorMs)
  }, [content]))
  const scale = useReading(useCallback(() => (content === null ? '' : `${content.scaled.unit}|${content.countMax}|${content.cells.sliceMs}`), [content]))
  const [unit = '', countMax = '', sliceMs = ''] = scale.split('|')

  return (
    <Panel
      name={name}
      title={title}
      unit={`log ${unit} × time`}
      about="Each cell counts the measurements of one slice of time within one range of values. The axis is logarithmic."
      readouts={under === null
        ? (
            <span className="flex items-center gap-2 text-11 text-faint">
              0
              <i className="inline-block h-2 w-16 border border-line" style={{ background: heatGradient }} aria-hidden="true" />
              <span className="figures">{countMax} in {formatDuration(Number(sliceMs))}</span>
            </span>
          )
        : <Readout name={`${name}-cell`} text={under} />}
    >
      <Plot
        name={name}
        label={`${title} as a heat map`}
        create={createHeat}
        onPlot={onPlot}
        onPointer={height => content?.point(height)}
      />
      {empty}
    </Panel>
  )
}

const heatGradient = `linear-gradient(to right, ${Array.from({ length: 8 }, (_, i) => `var(--heat-${i + 1})`).join(', ')})`
