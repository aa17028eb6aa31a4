import { useEffect, useRef, useState } from 'react'
import { useLive } from './liveContext'
import { servicesOf } from './Toolbar'
import { useUi } from './uiState'
import { STANDARD_METRICS } from '../store/serviceView'

type Hit = { readonly key: string, readonly title: string, readonly kind: string, readonly open: () => void }

const HITS_MAX = 12

/** Finds services, instances and metrics by a part of their name. */
export function Search() {
  const search = useUi(state => state.search)
  return search ? <SearchDialog /> : null
}

function SearchDialog() {
  const live = useLive()
  const { setSearch, openService, openInstance, toggleMetric, service, metrics } = useUi()
  const dialog = useRef<HTMLDialogElement>(null)
  const [text, setText] = useState('')
  const [chosen, setChosen] = useState(0)
  useEffect(() => dialog.current?.showModal(), [])

  const hits = find()
  const at = Math.min(chosen, hits.length - 1)

  function find(): Hit[] {
    const wanted = text.trim().toLowerCase()
    const all: Hit[] = servicesOf(live).map(name => ({ key: `s:${name}`, title: name, kind: 'service', open: () => openService(name) }))
    const instances = new Set<string>()
    const names = new Set<string>()
    for (const series of live.store.series()) {
      if (series.service !== service) continue
      instances.add(series.instance)
      if (!(STANDARD_METRICS as readonly string[]).includes(series.name) && series.column !== null) names.add(series.name)
    }
    if (service !== null) {
      for (const name of instances) all.push({ key: `i:${name}`, title: name, kind: `instance of ${service}`, open: () => { openService(service); openInstance(name) } })
      for (const name of names) {
        all.push({ key: `m:${name}`, title: name, kind: `metric of ${service}`, open: () => {
          openService(service)
          if (!metrics.includes(name)) toggleMetric(name)
        } })
      }
    }
    return all.filter(hit => hit.title.toLowerCase().includes(wanted)).slice(0, HITS_MAX)
  }

  function open(hit: Hit | undefined): void {
    if (hit === undefined) return
    hit.open()
    setSearch(false)
  }

  return (
    <dialog
      ref={dialog}
      aria-label="Search"
      className="mx-auto mt-16 w-[min(36rem,calc(100vw-2rem))] rounded border border-line bg-surface text-text backdrop:bg-bg/60"
      onClose={() => setSearch(false)}
      onClick={event => { if (event.target === dialog.current) setSearch(false) }}
    >
      <input
        autoFocus
        type="text"
        role="combobox"
        aria-expanded="true"
        aria-controls="search-hits"
        aria-activedescendant={hits[at] ? `hit-${at}` : undefined}
        aria-label="Service, instance or metric"
        placeholder="Service, instance or metric"
        className="w-full border-b border-line bg-transparent px-3 py-2 text-14 outline-none placeholder:text-faint"
        value={text}
        onChange={event => {
          setText(event.target.value)
          setChosen(0)
        }}
        onKeyDown={event => {
          if (event.key === 'ArrowDown') setChosen(Math.min(hits.length - 1, at + 1))
          else if (event.key === 'ArrowUp') setChosen(Math.max(0, at - 1))
          else if (event.key === 'Enter') open(hits[at])
          else return
          event.preventDefault()
        }}
      />
      <ul id="search-hits" role="listbox" aria-label="Found" className="max-h-96 overflow-y-auto py-1">
        {hits.map((hit, index) => (
          <li
            key={hit.key}
            id={`hit-${index}`}
            role="option"
            aria-selected={index === at}
            className="flex cursor-pointer gap-3 px-3 py-1 text-12 aria-selected:bg-raised"
            onClick={() => open(hit)}
            onPointerMove={() => setChosen(index)}
          >
            <span className="truncate">{hit.title}</span>
            <span className="ml-auto shrink-0 text-faint">{hit.kind}</span>
          </li>
        ))}
      </ul>
      {hits.length === 0 && <p className="px-3 pb-3 text-12 text-muted" role="status">Nothing is named like that. Type a part of a name.</p>}
    </dialog>
  )
}
