import { useEffect, useRef } from 'react'
import { Button } from './Notice'
import { useUi } from './uiState'

const KEYS: readonly (readonly [string, string])[] = [
  ['/', 'search services and metrics'],
  ['Space', 'pause; again: back to live'],
  ['← →', 'pan'],
  ['+ −', 'zoom'],
  ['L', 'back to live'],
  ['1 … 5', 'pages: Overview, Service, Explore, Alerts, System'],
  ['6 … 9', 'show a chart large; again: at its size'],
  ['Shift ← →', 'move the crosshair of the chart in focus'],
  ['T', 'theme: system, dark, light'],
  ['?', 'this sheet'],
  ['Esc', 'close'],
]
const POINTER: readonly (readonly [string, string])[] = [
  ['hover', 'read all charts at one instant'],
  ['drag', 'pan into the past'],
  ['wheel', 'zoom around the pointer'],
  ['double click', 'back to live'],
  ['click a name', 'in a legend: leave the line out, or draw it again'],
  ['Alt click', 'in a legend: draw this line alone'],
]

export function Help() {
  const help = useUi(state => state.help)
  const setHelp = useUi(state => state.setHelp)
  const dialog = useRef<HTMLDialogElement>(null)
  useEffect(() => {
    if (help) dialog.current?.showModal()
    else dialog.current?.close()
  }, [help])
  return (
    <dialog
      ref={dialog}
      aria-label="Keys"
      className="m-auto max-w-xl rounded border border-line bg-surface p-4 text-text backdrop:bg-bg/80"
      onClose={() => setHelp(false)}
      onClick={event => { if (event.target === dialog.current) setHelp(false) }}
    >
      <div className="grid gap-x-8 gap-y-4 sm:grid-cols-2">
        {[KEYS, POINTER].map((list, index) => (
          <dl key={index} className="grid grid-cols-[auto_1fr] content-start gap-x-3 gap-y-1 text-12">
            {list.map(([key, meaning]) => [
              <dt key={key} className="figures text-right whitespace-nowrap text-text">{key}</dt>,
              <dd key={meaning} className="text-muted">{meaning}</dd>,
            ])}
          </dl>
        ))}
      </div>
      <div className="mt-4 text-right"><Button onClick={() => setHelp(false)}>Close</Button></div>
    </dialog>
  )
}
