import type { ChartOutput } from './chart'
import type { PaintLoop } from './loop'

/** What browser tests see of the painter (dashboard/README.md). Outputs only: nothing of the store is in here. */
export type Probe = {
  paintingEnabled: boolean
  readonly paintedFrames: number
  readonly scriptMs: number
  readonly charts: Readonly<Record<string, ChartOutput>>
}

declare global {
  var __observability: Probe | undefined
}

/** `?paint=off` opens the page with painting switched off. */
export function exposeProbe(loop: PaintLoop, search: string): void {
  loop.paintingEnabled = new URLSearchParams(search).get('paint') !== 'off'
  globalThis.__observability = {
    get paintingEnabled() { return loop.paintingEnabled },
    set paintingEnabled(enabled: boolean) {
      loop.paintingEnabled = enabled
      for (const chart of loop.charts) chart.invalidate()
    },
    get paintedFrames() { return loop.paintedFrames },
    get scriptMs() { return loop.scriptMs },
    get charts() { return Object.fromEntries([...loop.charts].map(chart => [chart.output.name, chart.output])) },
  }
}
