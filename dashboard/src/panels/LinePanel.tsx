import { useCallback, useEffect, useState, type ReactNode } from 'react'
import { unitName } from '../paint/format'
import { LineContent, type LineModel } from '../paint/lineContent'
import type { LivePlot } from '../paint/livePlot'
import { useReading } from './liveContext'
import { Panel } from './Panel'
import { Plot } from './Plot'

type LinePanelProps = {
  readonly name: string
  readonly title: string
  readonly verbatim?: boolean
  /** Beside the unit of the axis. */
  readonly note?: string
  readonly about?: string
  readonly label: string
  readonly model: LineModel
  readonly readouts?: ReactNode
  /** In place of the picture, when there is nothing that it could show. */
  readonly empty?: ReactNode
  /** The plot itself, for a picture of it; null when it goes. */
  readonly onPlot?: (plot: LivePlot | null) => void
}

const createLines = (name: string, canvas: HTMLCanvasElement) => new LineContent(name, canvas)

/** A chart of lines over time. */
export function LinePanel({ name, title, verbatim, note, about, label, model, readouts, empty, onPlot: reportPlot }: LinePanelProps) {
  const [plot, setPlot] = useState<LivePlot | null>(null)
  const onPlot = useCallback((mounted: LivePlot | null) => {
    setPlot(mounted)
    reportPlot?.(mounted)
  }, [reportPlot])

  useEffect(() => {
    if (plot?.content instanceof LineContent) plot.content.setModel(model)
  }, [plot, model])

  // The axis picks its unit by magnitude, and the title must say which.
  const axisUnit = useReading(useCallback(
    () => (plot?.content instanceof LineContent && plot.output.paints > 0 ? plot.content.scaled.unit : unitName(model.unit)),
    [plot, model],
  ))
  const unit = note === undefined ? axisUnit : `${axisUnit} ${note}`
  return (
    <Panel name={name} title={title} verbatim={verbatim} unit={unit} about={about} readouts={readouts}>
      <Plot name={name} label={label} create={createLines} onPlot={onPlot} secondAxis={model.rightUnit !== undefined} />
      {empty}
    </Panel>
  )
}
