// The worker: sockets and the check of frames live here, so that a busy page never delays reading.
import { Connection, type SocketLike } from './connection'
import type { FromWorker, ToWorker } from './messages'
import { pageClock } from './pageClock'

type WorkerScope = {
  onmessage: ((event: MessageEvent<ToWorker>) => void) | null
  postMessage(message: FromWorker, transfer: ArrayBuffer[]): void
}

const scope = self as unknown as WorkerScope
let connections: readonly Connection[] = []
let token: string | null = null

scope.onmessage = event => {
  const message = event.data
  switch (message.type) {
    case 'open': {
      const nowMs = pageClock(message.originNs)
      connections = message.addresses.map((address, aggregator) => new Connection({
        aggregator,
        address,
        originNs: message.originNs,
        openSocket: (url, protocols) => new WebSocket(url, protocols) as unknown as SocketLike,
        nowMs,
        random: Math.random,
        post: (fromWorker, transfer = []) => scope.postMessage(fromWorker, transfer),
      }))
      for (const connection of connections) {
        connection.setToken(token)
        connection.open()
      }
      break
    }
    case 'subscribe':
      for (const connection of connections) connection.subscribe(message.subscriptions)
      break
    case 'ack':
      connections[message.aggregator]?.ack(message.tick, message.newestMs)
      break
    case 'token':
      token = message.token
      for (const connection of connections) connection.setToken(token)
      break
    case 'retry':
      for (const connection of connections) connection.retry()
      break
  }
}
