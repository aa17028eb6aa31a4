// The page without a worker and without a screen, for the tests of this folder.
import { act } from 'react'
import { createRoot } from 'react-dom/client'
import { Live } from '../live'
import type { SeriesEntry, SeriesKind } from '../wire/control'
import { readFrame } from '../wire/frame'
import type { FromWorker, ToWorker } from '../wire/messages'
import { pageOriginNs } from '../wire/pageClock'
import type { StatusResult } from '../wire/status'
import { encodeFrame, type FrameSpec } from '../wire/testFrames'
import { App } from './App'
import { LiveContext } from './liveContext'
import { initialChoices, useUi } from './uiState'

/** Runs it, and everything that React does in response. */
async function settled(run: () => void): Promise<void> {
  await act(() => {
    run()
    return Promise.resolve()
  })
}

export class TestPage {
  readonly posted: ToWorker[] = []
  readonly live: Live
  /** What `/api/status` answers. */
  status: StatusResult = { kind: 'agents', agents: [{ service: 'checkout', instance: 'a-1', lost: 12 }], grafana: null }
  /** What other paths answer: by the path without its query. */
  readonly answers = new Map<string, unknown>()
  /** What was changed at aggregators. */
  readonly sent: { method: string, path: string, body: unknown }[] = []
  /** What such a change is answered with; null: it is done. */
  refusal: Response | null = null
  readonly #originNs = pageOriginNs(Date.now())
  readonly #worker: { onmessage: ((event: MessageEvent<FromWorker>) => void) | null, postMessage: (message: ToWorker) => void }
  #frame: (() => void) | null = null
  #after: (() => void) | null = null
  #unmount: () => void = () => undefined

  constructor(addresses: readonly string[] = ['http://box:8080']) {
    this.#worker = { onmessage: null, postMessage: message => this.posted.push(message) }
    this.live = new Live({
      addresses, worker: this.#worker, wallClockMs: Date.now(),
      requestFrame: callback => { this.#frame = callback },
      readStatus: () => Promise.resolve(this.status),
      getJson: (_address, path) => Promise.resolve(this.answers.get(path.split('?')[0]!) ?? null),
      sendJson: (_address, method, path, _token, body) => {
        this.sent.push({ method, path, body })
        return Promise.resolve(this.refusal ?? new Response(null, { status: 204 }))
      },
      afterFrame: callback => { this.#after = callback },
      themeStyle: () => ({ getPropertyValue: () => '' }),
    })
    useUi.setState({ ...initialChoices, help: false, search: false })
  }

  async open(): Promise<void> {
    Object.assign(globalThis, { IS_REACT_ACT_ENVIRONMENT: true })
    document.body.innerHTML = '<div id="root"></div>'
    const root = createRoot(document.getElementById('root')!)
    this.#unmount = () => root.unmount()
    this.live.start()
    await settled(() => root.render(<LiveContext value={this.live}><App /></LiveContext>))
  }

  async close(): Promise<void> {
    this.live.stop()
    await settled(() => this.#unmount())
  }

  async receive(...messages: FromWorker[]): Promise<void> {
    await settled(() => {
      for (const data of messages) this.#worker.onmessage?.({ data } as MessageEvent<FromWorker>)
    })
  }

  async connect(): Promise<void> {
    await this.receive({ type: 'phase', aggregator: 0, phase: { kind: 'open' } }, { type: 'session', aggregator: 0, session: 7n })
  }

  async declare(...series: SeriesEntry[]): Promise<void> {
    await this.receive({ type: 'series', aggregator: 0, series })
  }

  /** A frame of just now; times are milliseconds before now. */
  async frame(spec: FrameSpec, aggregator = 0): Promise<void> {
    const nowNs = BigInt(Math.round(this.live.loop.nowMs() * 1e3)) * 1000n + this.#originNs
    const buffer = encodeFrame({ session: 7n, baseNs: nowNs, framedNs: nowNs, ...spec })
    const result = readFrame(buffer, this.#originNs)
    if (!result.ok) throw new Error(result.error)
    await this.receive({ type: 'frame', aggregator, buffer, index: result.index, arrivedMs: this.live.loop.nowMs() })
  }

  /** One animation frame, and the next reading of what people read. */
  async paint(): Promise<void> {
    await settled(() => {
      const frame = this.#frame
      this.#frame = null
      frame?.()
      this.#after?.()
      this.live.readSoon()
    })
  }

  /** Something that people or the network do, with all that follows from it. */
  run(act: () => void): Promise<void> {
    return settled(act)
  }

  text(selector: string): string {
    return document.querySelector(selector)?.textContent ?? `(no ${selector})`
  }

  async click(selector: string): Promise<void> {
    await settled(() => document.querySelector<HTMLElement>(selector)?.click())
  }

  async press(key: string, target: EventTarget = document.body): Promise<void> {
    await settled(() => target.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true })))
  }

  subscriptions(): readonly string[] {
    const last = this.posted.findLast(message => message.type === 'subscribe')
    return last?.type === 'subscribe' ? last.subscriptions.map(subscription => subscription.selector) : []
  }
}

export function entry(id: number, name: string, instance = 'a-1', service = 'checkout', kind: SeriesKind = 'gauge'): SeriesEntry {
  return { id, source: instance === 'a-1' ? 1 : 2, service, instance, name, labels: {}, kind, unit: name.startsWith('latency') ? 'ms' : '' }
}
