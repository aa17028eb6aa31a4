import { useEffect, useMemo, useState } from 'react'
import { formatClock, formatValue } from '../paint/format'
import { chartsOf, titleOf, type CaptureChart } from '../store/capture'
import { readCapture, type CaptureRecord } from '../wire/triggers'
import { LinePanel } from './LinePanel'
import { useLive } from './liveContext'
import { Button } from './Notice'
import { useUi } from './uiState'

/** Charts drawn of one capture; an instance with hundreds of metrics must not freeze the page. */
const CHARTS_MAX = 24
const MARGIN = 1.02

/** The seconds around a firing as they were, whatever has happened to the rings since. */
export function CapturePanel({ capture }: { readonly capture: string }) {
  const live = useLive()
  const setCapture = useUi(state => state.setCapture)
  const [record, setRecord] = useState<CaptureRecord | null | 'missing'>(null)
  useEffect(() => {
    const [aggregator = '0', id = ''] = capture.split('.')
    let stopped = false
    void live.getJson(Number(aggregator), `/api/triggers/firings/${encodeURIComponent(id)}/capture`).then(answer => {
      if (!stopped) setRecord(readCapture(answer) ?? 'missing')
    })
    return () => {
      stopped = true
    }
  }, [live, capture])

  useEffect(() => {
    if (record === null || record === 'missing') return
    const { firing, fromNs, toNs } = record
    const originNs = live.originNs
    const firedMs = Number(firing.sampleNs - originNs) / 1e6
    if (live.store.gaps.eventAt(firedMs, 0.5) === null) {
      live.store.gaps.add(Number(capture.split('.')[0]), firedMs, firedMs, `“${firing.ruleName}” fired`)
    }
    live.viewport.setSpan(Number(toNs - fromNs) / 1e6 * MARGIN)
    live.viewport.show(Number(toNs - originNs) / 1e6)
    return () => live.viewport.resume()
  }, [live, record, capture])

  const charts = useMemo(() => (record === null || record === 'missing' ? [] : chartsOf(record, live.originNs)), [live, record])
  if (record === null) return <p className="px-3 py-2 text-12 text-muted" role="status">The capture is being read.</p>
  if (record === 'missing') {
    return (
      <p className="flex items-center gap-3 border-b border-line px-3 py-2 text-12 text-muted" role="alert">
        This capture is not kept any more, or its aggregator does not answer. <Button onClick={() => setCapture(null)}>Close</Button>
      </p>
    )
  }
  const { firing } = record
  const firedMs = Number(firing.firedNs / 1_000_000n)
  return (
    <section aria-label="Capture" className="border-b border-line" data-capture={capture}>
      <div className="flex flex-wrap items-baseline gap-x-3 px-3 py-2 text-12">
        <h2 className="text-14 font-semibold">{firing.ruleName}</h2>
        <span className="figures text-muted">
          {titleOf(firing.series)} was {formatValue(firing.value, firing.series.unit)}
          {` (${firing.condition} ${formatValue(firing.threshold, firing.series.unit)}) at ${formatClock(firedMs, true)}`}
        </span>
        <span className="ml-auto"><Button onClick={() => setCapture(null)} title="Back to live">Close</Button></span>
      </div>
      <div className="grid gap-px bg-line lg:grid-cols-2">
        {charts.slice(0, CHARTS_MAX).map((chart, index) => (
          <div key={chart.name} className={sizeOf(chart, index, charts.length)}><Chart chart={chart} /></div>
        ))}
      </div>
      {charts.length > CHARTS_MAX && (
        <p className="px-3 py-1 text-12 text-faint">
          {charts.length - CHARTS_MAX} more metrics were kept: they are at /api/triggers/firings/{firing.id}/capture.
        </p>
      )}
    </section>
  )
}

/** What fired is first and large; the others stand in pairs, the last one alone in its row when it has none. */
function sizeOf(chart: CaptureChart, index: number, count: number): string {
  if (chart.fired) return 'h-56 lg:col-span-2'
  const isAlone = index === Math.min(count, CHARTS_MAX) - 1 && index % 2 === 1
  return isAlone ? 'h-36 lg:col-span-2' : 'h-36'
}

function Chart({ chart }: { readonly chart: CaptureChart }) {
  const model = useMemo(() => ({
    lines: chart.lines.map((line, index) => ({ ...line, colour: index })), unit: chart.unit, area: chart.lines.length === 1,
  }), [chart])
  return <LinePanel name={`capture-${chart.name}`} title={chart.name} verbatim label={`${chart.name} around the firing`} model={model} />
}
