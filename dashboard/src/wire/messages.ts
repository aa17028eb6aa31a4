// The messages between the page and its worker. A frame crosses as the buffer that the socket delivered, transferred and
// not copied: the browser allocates that buffer anyway, so a pool of ours would only add a copy.
import type { SeriesEntry } from './control'
import type { FrameIndex } from './frame'

/** One subscription of the page. `key` is stable while the subscription is the same. */
export type WireSubscription = {
  readonly key: string
  readonly selector: string
  readonly rate: number
  readonly backfillMs: number
}

export type ConnectionPhase =
  | { readonly kind: 'connecting' }
  | { readonly kind: 'open' }
  /** Two heartbeats were missed: the socket is open, and nothing comes. */
  | { readonly kind: 'stalled', readonly sinceMs: number }
  | { readonly kind: 'lost', readonly sinceMs: number, readonly retryAtMs: number, readonly reason: string }

export type ToWorker =
  | { readonly type: 'open', readonly addresses: readonly string[], readonly originNs: bigint }
  | { readonly type: 'subscribe', readonly subscriptions: readonly WireSubscription[] }
  /** After painting: the newest tick on screen, and the newest sample's time to resume from. */
  | { readonly type: 'ack', readonly aggregator: number, readonly tick: number, readonly newestMs: number }
  | { readonly type: 'retry' }
  /** Where viewing is protected. Used from the next attempt on. */
  | { readonly type: 'token', readonly token: string | null }

export type FromWorker =
  | { readonly type: 'phase', readonly aggregator: number, readonly phase: ConnectionPhase }
  | { readonly type: 'session', readonly aggregator: number, readonly session: bigint }
  | { readonly type: 'series', readonly aggregator: number, readonly series: readonly SeriesEntry[] }
  | { readonly type: 'frame', readonly aggregator: number, readonly buffer: ArrayBuffer, readonly index: FrameIndex, readonly arrivedMs: number }
  | { readonly type: 'clock', readonly aggregator: number, readonly offsetMs: number, readonly roundTripMs: number }
  /** Every frame sent before the last change of subscriptions has arrived. */
  | { readonly type: 'settled', readonly aggregator: number }
  | { readonly type: 'rate', readonly aggregator: number, readonly rate: number, readonly reason: string }
  | { readonly type: 'gap', readonly aggregator: number, readonly reason: string, readonly samples: number }
  | { readonly type: 'problem', readonly aggregator: number, readonly message: string }
