// Helpers of the tests in this folder.
import type { SeriesEntry, SeriesKind } from '../wire/control'
import { readFrame } from '../wire/frame'
import { encodeFrame, type FrameSpec } from '../wire/testFrames'
import { LiveStore } from './liveStore'

const SESSION = 7n

export function entry(id: number, name: string, kind: SeriesKind = 'gauge', instance = 'a-1', service = 'checkout'): SeriesEntry {
  return { id, source: instance === 'a-1' ? 1 : 2, service, instance, name, labels: {}, kind, unit: '' }
}

/** A store with a clock of its own, and one greeted aggregator. */
export class TestStore {
  nowMs = 100_000
  readonly store: LiveStore

  constructor(aggregators = 1) {
    this.store = new LiveStore(Array.from({ length: aggregators }, (_, i) => `http://box-${i}`), () => this.nowMs)
    for (let i = 0; i < aggregators; i++) this.greet(SESSION, i)
  }

  greet(session = SESSION, aggregator = 0): void {
    this.store.receive({ type: 'phase', aggregator, phase: { kind: 'open' } })
    this.store.receive({ type: 'session', aggregator, session })
  }

  declare(...series: SeriesEntry[]): void {
    this.store.receive({ type: 'series', aggregator: 0, series })
  }

  frame(spec: FrameSpec, aggregator = 0): void {
    const buffer = encodeFrame({ session: SESSION, baseNs: BigInt(this.nowMs) * 1_000_000n, ...spec })
    const result = readFrame(buffer, 0n)
    if (!result.ok) throw new Error(result.error)
    this.store.receive({ type: 'frame', aggregator, buffer, index: result.index, arrivedMs: this.nowMs })
  }

  column(id: number): { times: number[], values: number[] } {
    const column = this.store.aggregators[0]!.byId[id]!.column!
    return {
      times: Array.from(column.times.subarray(column.start, column.end)),
      values: Array.from(column.values.subarray(column.start, column.end)),
    }
  }
}
