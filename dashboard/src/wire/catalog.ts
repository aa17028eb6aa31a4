// GET /api/services and /api/series of an aggregator: what there is, whether or not the page streams it.
import type { SeriesKind } from './control'

export type CatalogService = { readonly service: string, readonly instances: number, readonly live: number, readonly series: number }

export type CatalogSeries = {
  readonly service: string
  readonly instance: string
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly kind: SeriesKind
  readonly unit: string
}

export type CatalogList = { readonly total: number, readonly series: readonly CatalogSeries[] }
export type Fetch = (url: string, init: RequestInit) => Promise<Response>

/** Null: it cannot be read now. */
export async function getJson(address: string, path: string, token: string | null, fetcher: Fetch, timeoutMs = 5000): Promise<unknown> {
  try {
    const headers: Record<string, string> = token === null ? {} : { authorization: `Bearer ${token}` }
    const response = await fetcher(new URL(path, address).href, { headers, signal: AbortSignal.timeout(timeoutMs) })
    return response.ok ? await response.json() as unknown : null
  } catch {
    // The stream reports a broken connection; a list is simply read again later.
    return null
  }
}

export function sendJson(address: string, method: string, path: string, token: string | null, body: unknown): Promise<Response> {
  const headers: Record<string, string> = { 'content-type': 'application/json' }
  if (token !== null) headers['authorization'] = `Bearer ${token}`
  return fetch(new URL(path, address), { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) })
}

export function readServices(answer: unknown): CatalogService[] | null {
  const list = fieldsOf(answer)['services']
  if (!Array.isArray(list)) return null
  return list.flatMap(item => {
    const { name, series, live, instances } = fieldsOf(item)
    return typeof name === 'string' && Array.isArray(instances)
      ? [{ service: name, instances: instances.length, live: Number(live) || 0, series: Number(series) || 0 }]
      : []
  })
}

export function readSeries(answer: unknown): CatalogList | null {
  const { total, series } = fieldsOf(answer)
  if (!Array.isArray(series)) return null
  return {
    total: Number(total) || series.length,
    series: series.flatMap(item => {
      const { service, instance, name, kind, unit, labels } = fieldsOf(item)
      if (typeof service !== 'string' || typeof instance !== 'string' || typeof name !== 'string') return []
      if (kind !== 'gauge' && kind !== 'counter' && kind !== 'histogram') return []
      return [{ service, instance, name, kind, unit: typeof unit === 'string' ? unit : '', labels: textsOf(labels) }]
    }),
  }
}

export function fieldsOf(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? value as Record<string, unknown> : {}
}

function textsOf(value: unknown): Record<string, string> {
  return Object.fromEntries(Object.entries(fieldsOf(value)).filter((pair): pair is [string, string] => typeof pair[1] === 'string'))
}
