// GET /api/services and /api/series of an aggregator: what there is, whether or not the page streams it.
import type { SeriesKind } from './control'
import { fieldsOf, textsOf } from './http'

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
