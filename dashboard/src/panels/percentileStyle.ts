import type { ServiceShape, ServiceView } from '../store/serviceView'

/** In the order of PERCENTILES. The worst stands out most. */
export const PERCENTILE_LABELS = ['p50', 'p95', 'p99'] as const
export const PERCENTILE_COLOURS = [1, 0, 5] as const

export function percentileColour(label: string): number {
  return PERCENTILE_COLOURS[(PERCENTILE_LABELS as readonly string[]).indexOf(label)] ?? 0
}

export type ViewProps = { readonly view: ServiceView, readonly shape: ServiceShape }
