import { formatClock, formatDay, formatDuration, formatValue } from '../paint/format'
import { titleOf } from '../store/capture'
import { cell, figure, headCell, headFigure } from './table'
import { useUi } from './uiState'
import type { AggregatorTriggers } from './useTriggers'

/** What fired, newest first; a click opens the seconds that were kept of it. */
export function FiringsTable({ all }: { readonly all: readonly AggregatorTriggers[] }) {
  const capture = useUi(state => state.capture)
  const setCapture = useUi(state => state.setCapture)
  const firings = all.flatMap(({ aggregator, firings: list }) => list.map(firing => ({ aggregator, firing })))
    .sort((a, b) => (a.firing.firedNs < b.firing.firedNs ? 1 : -1))
  const total = all.reduce((sum, one) => sum + one.total, 0)
  if (all.length === 0) return null
  return (
    <section aria-label="History" className="overflow-x-auto pb-4" tabIndex={0}>
      <table className="w-full border-collapse text-12">
        <caption className="px-3 pt-2 text-left text-11 font-semibold tracking-wider text-muted uppercase">History</caption>
        <thead>
          <tr className="border-b border-line">
            <th scope="col" className={headCell}>fired</th>
            <th scope="col" className={headCell}>rule</th>
            <th scope="col" className={headCell}>series</th>
            <th scope="col" className={headFigure}>value</th>
            <th scope="col" className={headFigure} title="The farthest that the value went while it fired.">peak</th>
            <th scope="col" className={headFigure}>threshold</th>
            <th scope="col" className={headFigure}>for</th>
            <th scope="col" className={headCell}>webhook</th>
            <th scope="col" className={headCell}>capture</th>
          </tr>
        </thead>
        <tbody>
          {firings.map(({ aggregator, firing }) => {
            const key = `${aggregator}.${firing.id}`
            const firedMs = Number(firing.firedNs / 1_000_000n)
            const unit = firing.measure === 'rate' ? '' : firing.series.unit
            return (
              <tr key={key} className="border-b border-grid last:border-0 hover:bg-raised aria-selected:bg-raised" aria-selected={capture === key} data-firing={key}>
                <td className={`${cell} figures`}>{formatDay(firedMs)} {formatClock(firedMs, true)}</td>
                <td className={`${cell} max-w-64 truncate`} title={firing.ruleName}>{firing.ruleName}</td>
                <td className={`${cell} figures max-w-96 truncate text-muted`} title={titleOf(firing.series)}>{titleOf(firing.series)}</td>
                <td className={figure}>{formatValue(firing.value, unit)}</td>
                <td className={figure}>{formatValue(firing.peak, unit)}</td>
                <td className={figure}>{firing.condition} {formatValue(firing.threshold, unit)}</td>
                <td className={figure}>
                  {firing.endedNs === null
                    ? <span className="text-bad">● still firing</span>
                    : <span title={firing.end}>{formatDuration(Number(firing.endedNs - firing.firedNs) / 1e6)}</span>}
                </td>
                <td className={`${cell} ${firing.webhook === 'failed' ? 'text-bad' : 'text-muted'}`}>{firing.webhook || '–'}</td>
                <td className={cell}>
                  {firing.capture === 'ready'
                    ? (
                        <button
                          type="button"
                          className="text-accent hover:underline"
                          aria-label={`Open what was kept of ${firing.ruleName} at ${formatClock(firedMs, true)}`}
                          onClick={() => setCapture(capture === key ? null : key)}
                        >
                          {capture === key ? 'close' : 'open'}
                        </button>
                      )
                    : <span className="text-faint">{firing.capture === 'pending' ? 'being kept' : 'dropped for newer ones'}</span>}
                </td>
              </tr>
            )
          })}
        </tbody>
      </table>
      {firings.length === 0 && <p className="px-3 py-2 text-12 text-muted" role="status">Nothing has fired.</p>}
      {total > firings.length && <p className="px-3 py-2 text-12 text-faint">{total - firings.length} older firings are not listed.</p>}
    </section>
  )
}
