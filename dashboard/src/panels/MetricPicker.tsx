import { useEffect, useRef } from 'react'
import type { Live } from '../live'
import { parseSelector, selectorText } from '../store/selector'
import { Combobox } from './Combobox'
import { useLive, useReading } from './liveContext'

const TYPED_PAUSE_MS = 250

type MetricPickerProps = { readonly onPick: (selector: string, isHistogram: boolean) => void, readonly autoFocus?: boolean }

/** Any metric there is, by a part of its name; or a selector, typed as it is. */
export function MetricPicker({ onPick, autoFocus = false }: MetricPickerProps) {
  const live = useLive()
  const box = useRef<HTMLDivElement>(null)
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined)
  const text = useReading(readNames)
  const options = text === '' ? [] : text.split('\u0000').map(item => {
    const [name = '', kind = '', unit = '', series = ''] = item.split('\u0001')
    return { key: name, title: name, hint: `${kind}${unit === '' ? '' : ` · ${unit}`} · ${series}` }
  })
  useEffect(() => {
    void live.listSeries()
    if (autoFocus) box.current?.querySelector('input')?.focus()
    return () => clearTimeout(timer.current)
  }, [live, autoFocus])

  return (
    <div ref={box}>
      <Combobox
        label="Metric"
        placeholder="metric or selector"
        width="w-80 max-w-[calc(100vw-1.5rem)]"
        options={options}
        onPick={name => onPick(selectorText({ name, matchers: [] }), options.find(option => option.key === name)?.hint.startsWith('histogram') ?? false)}
        onText={typed => {
          const parsed = parseSelector(typed)
          if (parsed.ok) {
            const { name } = parsed.selector
            onPick(selectorText(parsed.selector), options.find(option => option.key === name)?.hint.startsWith('histogram') ?? false)
          }
          return parsed.ok
        }}
        onType={typed => {
          // With more series than one list holds, the aggregators search.
          clearTimeout(timer.current)
          if (live.catalog.unlisted > 0 || typed === '') timer.current = setTimeout(() => void live.listSeries(typed.trim()), TYPED_PAUSE_MS)
        }}
      />
    </div>
  )
}

/** Names with what they are: what is listed, and what is streamed. */
function readNames(live: Live): string {
  const names = new Map<string, { kind: string, unit: string, series: number }>()
  for (const { name, kind, unit } of live.catalog.series()) {
    const known = names.get(name)
    if (known === undefined) names.set(name, { kind, unit, series: 1 })
    else known.series++
  }
  for (const { name, kind, unit } of live.store.series()) if (!names.has(name)) names.set(name, { kind, unit, series: 1 })
  return [...names].sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, { kind, unit, series }]) => [name, kind, unit, `${series} series`].join('\u0001')).join('\u0000')
}
