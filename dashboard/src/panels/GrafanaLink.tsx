import { useCallback } from 'react'
import type { Live } from '../live'
import { useReading } from './liveContext'
import { useUi } from './uiState'

/** The board of a service in Grafana, over the same window. */
function grafanaUrl(grafana: string, service: string, instance: string | null, fromMs: number, toMs: number): string {
  const query = new URLSearchParams({ 'var-service': service })
  if (instance !== null) query.set('var-instance', instance)
  query.set('from', String(Math.floor(fromMs)))
  query.set('to', String(Math.ceil(toMs)))
  return `${grafana}/d/observability-service/service?${query}`
}

/** Shown where an aggregator knows Grafana's address. */
export function GrafanaLink() {
  const service = useUi(state => state.service)
  const instance = useUi(state => state.instance)
  const url = useReading(useCallback((live: Live) => {
    const grafana = service === null ? null : live.grafanaOf(service)
    if (service === null || grafana === null) return ''
    const toMs = live.originEpochMs + live.viewport.edgeMs(live.loop.nowMs()) + live.store.offsetMs
    return grafanaUrl(grafana, service, instance, toMs - live.viewport.spanMs, toMs)
  }, [service, instance]))
  if (url === '') return null
  return (
    <a
      className="flex h-7 items-center rounded border border-line px-2 text-12 text-accent hover:underline" href={url} target="_blank" rel="noreferrer"
      title="The same service over the same window, in Grafana"
    >
      Open in Grafana
    </a>
  )
}
