import { useCallback, useEffect, useState, type ReactNode } from 'react'
import { LineContent, type LineModel } from '../paint/lineContent'
import type { LivePlot } from '../paint/livePlot'
import { Panel } from './Panel'
import { Plot } from './Plot'

type LinePanelProps = {
  readonly name: string
  readonly title: string
  readonly verbatim?: boolean
  readonly unit?: ReactNode
  readonly about?: string
  readonly label: string
  readonly model: LineModel
  readonly readouts?: ReactNode
  /** In place of the picture, when there is nothing that it could show. */
  readonly empty?: ReactNode
}

const createLines = (name: string, canvas: HTMLCanvasElement) => new LineContent(name, canvas)

/** A chart of lines over time. */
export function LinePanel({ name, title, verbatim, unit, about, label, model, readouts, empty }: LinePanelProps) {
  const [plot, setPlot] = useState<LivePlot | null>(null)
  const onPlot = useCallback((mounted: LivePlot | null) => setPlot(mounted), [])

  useEffect(() => {
    if (plot?.content instanceof LineContent) plot.content.setModel(model)
  }, [plot, model])

  return (
    <Panel name={name} title={title} verbatim={verbatim} unit={unit} about={about} readouts={readouts}>
      <Plot name={name} label={label} create={createLines} onPlot={onPlot} />
      {empty}
    </Panel>
  )
}
