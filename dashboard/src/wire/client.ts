import type { FromWorker, WireSubscription, ToWorker } from './messages'

/** What the client needs of a Worker: tests bring their own. */
export type WorkerLike = {
  onmessage: ((event: MessageEvent<FromWorker>) => void) | null
  postMessage(message: ToWorker): void
}

/** The page's end of the wire: subscriptions and acknowledgements out, dictionary and frames in. */
export class WireClient {
  readonly #worker: WorkerLike

  constructor(worker: WorkerLike, receive: (message: FromWorker) => void) {
    this.#worker = worker
    worker.onmessage = event => receive(event.data)
  }

  open(addresses: readonly string[], originNs: bigint): void {
    this.#worker.postMessage({ type: 'open', addresses, originNs })
  }

  subscribe(subscriptions: readonly WireSubscription[]): void {
    this.#worker.postMessage({ type: 'subscribe', subscriptions })
  }

  ack(aggregator: number, tick: number, newestMs: number): void {
    this.#worker.postMessage({ type: 'ack', aggregator, tick, newestMs })
  }

  setToken(token: string | null): void {
    this.#worker.postMessage({ type: 'token', token })
  }

  retry(): void {
    this.#worker.postMessage({ type: 'retry' })
  }
}
