// The text messages of the live stream (proto/frame.md, "Text messages"). What comes from the network is checked here,
// once, and is typed afterwards.

export type SeriesKind = 'gauge' | 'counter' | 'histogram'

export type SeriesEntry = {
  readonly id: number
  readonly source: number
  readonly service: string
  readonly instance: string
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly kind: SeriesKind
  readonly unit: string
}

export type ControlMessage =
  | { readonly type: 'hello', readonly version: number, readonly session: bigint }
  | { readonly type: 'series', readonly series: readonly SeriesEntry[] }
  | { readonly type: 'subscribed', readonly id: number, readonly rate: number, readonly seriesCount: number }
  | { readonly type: 'gap', readonly id: number, readonly fromTick: number, readonly toTick: number, readonly reason: string, readonly samples: number }
  | { readonly type: 'rate', readonly id: number, readonly rate: number, readonly reason: string }
  | { readonly type: 'heartbeat', readonly serverNs: bigint }
  | { readonly type: 'pong', readonly t: number, readonly serverNs: bigint }
  | { readonly type: 'error', readonly message: string }
  /** A type that a newer aggregator may send. */
  | { readonly type: 'unknown' }

export type ControlResult = { readonly ok: true, readonly message: ControlMessage } | { readonly ok: false, readonly error: string }

type Fields = Record<string, unknown>

export function parseControl(text: string): ControlResult {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return refuse(text, 'it is not JSON')
  }
  if (typeof value !== 'object' || value === null || !('type' in value)) return refuse(text, 'it has no type')
  const message = readMessage(value)
  return message === null ? refuse(text, 'a field is missing or of another kind') : { ok: true, message }
}

function refuse(text: string, reason: string): ControlResult {
  return { ok: false, error: `Cannot read the aggregator's message ${JSON.stringify(text.slice(0, 80))}: ${reason}.` }
}

function readMessage(fields: Fields): ControlMessage | null {
  const id = integer(fields['id']) ?? 0
  switch (fields['type']) {
    case 'hello': {
      const version = integer(fields['version'])
      const session = big(fields['session'])
      return version === null || session === null ? null : { type: 'hello', version, session }
    }
    case 'series': {
      const list = fields['series']
      if (!Array.isArray(list)) return null
      const series = list.map(readEntry)
      return series.every(entry => entry !== null) ? { type: 'series', series } : null
    }
    case 'subscribed':
      return { type: 'subscribed', id, rate: integer(fields['rate']) ?? 0, seriesCount: integer(fields['series']) ?? 0 }
    case 'gap':
      return {
        type: 'gap', id, fromTick: integer(fields['from_tick']) ?? 0, toTick: integer(fields['to_tick']) ?? 0,
        reason: text(fields['reason']) ?? 'unknown', samples: integer(fields['samples']) ?? 0,
      }
    case 'rate': {
      const rate = integer(fields['rate'])
      return rate === null ? null : { type: 'rate', id, rate, reason: text(fields['reason']) ?? '' }
    }
    case 'heartbeat': {
      const serverNs = big(fields['server_ns'])
      return serverNs === null ? null : { type: 'heartbeat', serverNs }
    }
    case 'pong': {
      const t = fields['t']
      const serverNs = big(fields['server_ns'])
      return typeof t !== 'number' || serverNs === null ? null : { type: 'pong', t, serverNs }
    }
    case 'error':
      return { type: 'error', message: text(fields['message']) ?? 'The aggregator refused a request without saying why.' }
    default:
      return { type: 'unknown' }
  }
}

function readEntry(value: unknown): SeriesEntry | null {
  if (typeof value !== 'object' || value === null) return null
  const fields = value as Fields
  const id = integer(fields['id'])
  const source = integer(fields['source'])
  const service = text(fields['service'])
  const instance = text(fields['instance'])
  const name = text(fields['name'])
  const kind = fields['kind']
  if (id === null || source === null || service === null || instance === null || name === null) return null
  if (kind !== 'gauge' && kind !== 'counter' && kind !== 'histogram') return null
  const labels: Record<string, string> = {}
  for (const [label, labelValue] of Object.entries((fields['labels'] ?? {}) as Fields)) {
    if (typeof labelValue === 'string') labels[label] = labelValue
  }
  return { id, source, service, instance, name, labels, kind, unit: text(fields['unit']) ?? '' }
}

function text(value: unknown): string | null {
  return typeof value === 'string' ? value : null
}

function integer(value: unknown): number | null {
  return typeof value === 'number' && Number.isSafeInteger(value) ? value : null
}

/** Numbers above 2^53 travel as decimal strings. */
function big(value: unknown): bigint | null {
  if (typeof value === 'string' && /^-?\d{1,20}$/.test(value)) return BigInt(value)
  return typeof value === 'number' && Number.isSafeInteger(value) ? BigInt(value) : null
}
