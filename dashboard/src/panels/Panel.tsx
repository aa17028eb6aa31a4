import type { ReactNode } from 'react'
import { isShown, useUi } from './uiState'

type PanelProps = {
  readonly name: string
  readonly title: string
  /** The title is a name as it was sent: it keeps its letters. */
  readonly verbatim?: boolean | undefined
  readonly unit?: ReactNode
  /** A sentence about how the figures came to be, on hover of the title. */
  readonly about?: string | undefined
  readonly readouts?: ReactNode
  readonly children: ReactNode
}

/** One framed figure: title and unit on the left, what people read on the right, the picture below. */
export function Panel({ name, title, verbatim = false, unit, about, readouts, children }: PanelProps) {
  const large = useUi(state => state.large)
  const setLarge = useUi(state => state.setLarge)
  const isLarge = large === name
  return (
    <figure
      id={`panel-${name}`}
      data-large={isLarge}
      className="flex h-full min-h-0 min-w-0 flex-col bg-surface data-[large=true]:h-auto data-[large=true]:border data-[large=true]:border-line data-[large=true]:fixed data-[large=true]:inset-2 data-[large=true]:z-10"
    >
      <figcaption className="flex min-h-9 shrink-0 flex-wrap items-center gap-x-3 px-3">
        <h2 className={`min-w-0 truncate text-11 font-semibold text-muted ${verbatim ? 'figures' : 'tracking-wider uppercase'}`} title={about ?? title}>
          {title}
          {unit !== undefined && <span className="ml-2 font-normal tracking-normal text-faint normal-case">{unit}</span>}
        </h2>
        <div className="ml-auto flex items-baseline gap-3 whitespace-nowrap">{readouts}</div>
        <button
          type="button"
          className="-mr-1 px-1 text-faint hover:text-text"
          aria-label={isLarge ? `Show ${title} at its size` : `Show ${title} large`}
          aria-pressed={isLarge}
          onClick={() => setLarge(isLarge ? null : name)}
        >
          {isLarge ? '⤡' : '⤢'}
        </button>
      </figcaption>
      <div className="relative min-h-0 flex-1">{children}</div>
    </figure>
  )
}

type ReadoutProps = {
  /** For tests and for reading aloud. */
  readonly name: string
  readonly label?: string
  readonly text: string
  readonly value?: number
  readonly unit?: string
  /** Index into the series colours. */
  readonly colour?: number
  readonly big?: boolean
  /** The line can be left out: `chart/line`. */
  readonly line?: string
}

/** One figure. Its width does not change while it counts: tabular digits in a box for the widest. */
export function Readout({ name, label, text, value, unit, colour, big = false, line }: ReadoutProps) {
  return (
    <span className="inline-flex items-baseline gap-1">
      {colour !== undefined && <i className="inline-block h-2 w-2 self-center" style={{ background: `var(--series-${colour + 1})` }} aria-hidden="true" />}
      {label !== undefined && (line === undefined ? <span className="text-11 text-muted">{label}</span> : <LegendButton line={line} label={label} />)}
      <span
        data-readout={name}
        data-value={value === undefined || Number.isNaN(value) ? '' : value}
        className={`figures inline-block text-right ${big ? 'min-w-[5ch] text-20 font-medium' : 'min-w-[4.5ch] text-14'}`}
      >
        {text}
      </span>
      {unit !== undefined && unit !== '' && <span className="text-11 text-faint">{unit}</span>}
    </span>
  )
}

/** A name in a legend: leaves its line out or draws it again; with Alt it draws it alone. */
function LegendButton({ line, label }: { readonly line: string, readonly label: string }) {
  const shown = useUi(state => isShown(line, state))
  const toggleLine = useUi(state => state.toggleLine)
  const isolateLine = useUi(state => state.isolateLine)
  return (
    <button
      type="button"
      className={`text-11 hover:text-text ${shown ? 'text-muted' : 'text-faint line-through'}`}
      aria-pressed={shown}
      title="Click: leave the line out, or draw it. Alt click: draw it alone."
      onClick={event => (event.altKey ? isolateLine : toggleLine)(line)}
    >
      {label}
    </button>
  )
}
