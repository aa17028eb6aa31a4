// GET /api/status of an aggregator: its agents, and how it is doing itself.
import { fieldsOf, listOf, textOf, type Fetch } from './http'

/** What is read of one agent. */
export type AgentStatus = {
  readonly service: string
  readonly instance: string
  readonly lost: number
  /** Random number of the agent's process; absent where the aggregator does not send it. */
  readonly session?: string
}

export type StatusResult =
  | { readonly kind: 'agents', readonly agents: readonly AgentStatus[], readonly grafana: string | null }
  /** Viewing is protected, and the token is missing or wrong. */
  | { readonly kind: 'unauthorized' }
  | { readonly kind: 'unreadable', readonly reason: string }

const TIMEOUT_MS = 3000

export async function fetchStatus(address: string, token: string | null, fetcher: Fetch): Promise<StatusResult> {
  try {
    const headers: Record<string, string> = token === null ? {} : { authorization: `Bearer ${token}` }
    const response = await fetcher(new URL('/api/status', address).href, { headers, signal: AbortSignal.timeout(TIMEOUT_MS) })
    if (response.status === 401) return { kind: 'unauthorized' }
    if (!response.ok) return { kind: 'unreadable', reason: `it answered ${response.status}` }
    const status: unknown = await response.json()
    return { kind: 'agents', agents: readAgents(status), grafana: readGrafana(status) }
  } catch (error) {
    return { kind: 'unreadable', reason: error instanceof Error ? error.message : 'the request failed' }
  }
}

/** Where Grafana runs, if the aggregator knows. Nothing else than a web address becomes a link. */
export function readGrafana(status: unknown): string | null {
  const grafana = fieldsOf(fieldsOf(status)['links'])['grafana']
  if (typeof grafana !== 'string' || !URL.canParse(grafana)) return null
  const { protocol } = new URL(grafana)
  return protocol === 'http:' || protocol === 'https:' ? grafana.replace(/\/+$/, '') : null
}

export function readAgents(status: unknown): AgentStatus[] {
  const agents = fieldsOf(status)['agents']
  if (!Array.isArray(agents)) return []
  return agents.flatMap(agent => {
    const fields = fieldsOf(agent)
    const { service, instance } = fields
    if (typeof service !== 'string' || typeof instance !== 'string') return []
    const dropped = fieldsOf(fields['dropped'] ?? fieldsOf(fields['report'])['dropped'])
    const lost = Object.values(dropped).reduce<number>((total, count) => total + (Number(count) || 0), 0)
    const session = fields['session_id']
    return [{ service, instance, lost, ...(typeof session === 'string' ? { session } : {}) }]
  })
}

export type PlatformAgent = {
  readonly service: string
  readonly instance: string
  readonly peer: string
  readonly sdk: string
  readonly recorded: number
  readonly acknowledged: number
  readonly pending: number
  readonly dropped: Readonly<Record<string, number>>
  readonly clockOffsetMs: number
  readonly roundTripMs: number
  readonly reportAgeMs: number
}

export type PlatformStatus = {
  readonly pid: number
  readonly sessionId: string
  readonly version: string
  readonly phase: string
  readonly uptimeMs: number
  readonly sources: number
  readonly series: number
  readonly seriesMax: number
  readonly ringBytes: number
  readonly ringBytesMax: number
  readonly streams: number
  readonly batches: number
  readonly received: number
  readonly rejected: number
  readonly rejectedByReason: Readonly<Record<string, number>>
  readonly duplicates: number
  readonly replayed: number
  readonly malformed: number
  readonly clients: number
  readonly framesSent: number
  readonly bytesSent: number
  readonly frameMsMean: number
  readonly frameMsMax: number
  readonly overruns: number
  readonly slowedDown: number
  readonly clientsCut: number
  readonly cpuSeconds: number
  readonly memoryBytes: number
  readonly heapBytes: number
  readonly agents: readonly PlatformAgent[]
  readonly conflicts: readonly { readonly service: string, readonly instance: string, readonly refused: string, readonly owner: string }[]
}

export function readPlatform(status: unknown, nowEpochMs: number): PlatformStatus {
  const all = fieldsOf(status)
  const storage = fieldsOf(all['storage'])
  const ingest = fieldsOf(all['ingest'])
  const streaming = fieldsOf(all['streaming'])
  const process = fieldsOf(all['process'])
  return {
    pid: count(all['pid']), sessionId: textOf(all['session_id']), version: textOf(all['version']), phase: textOf(all['phase']),
    uptimeMs: count(all['uptime_seconds']) * 1000,
    sources: count(storage['sources']), series: count(storage['series']), seriesMax: count(storage['series_max']),
    ringBytes: count(storage['ring_bytes']), ringBytesMax: count(storage['ring_bytes_max']),
    streams: count(ingest['streams']), batches: count(ingest['batches']), received: count(ingest['received']), rejected: count(ingest['rejected']),
    rejectedByReason: counts(ingest['rejected_by_reason']), duplicates: count(ingest['duplicates']), replayed: count(ingest['replayed']),
    malformed: count(ingest['malformed']),
    clients: count(streaming['clients']), framesSent: count(streaming['frames_sent']), bytesSent: count(streaming['bytes_sent']),
    frameMsMean: count(streaming['frame_seconds_mean']) * 1000, frameMsMax: count(streaming['frame_seconds_max']) * 1000,
    overruns: count(streaming['overruns']), slowedDown: count(streaming['slowed_down']), clientsCut: count(streaming['clients_cut']),
    cpuSeconds: count(process['cpu_seconds']), memoryBytes: count(process['memory_bytes']), heapBytes: count(process['heap_bytes']),
    agents: listOf(all['agents']).map(item => readAgent(fieldsOf(item), nowEpochMs)),
    conflicts: listOf(all['conflicts']).map(item => {
      const { service, instance, refused_peer: refused, owner_peer: owner } = fieldsOf(item)
      return { service: textOf(service), instance: textOf(instance), refused: textOf(refused), owner: textOf(owner) }
    }),
  }
}

function readAgent(agent: Record<string, unknown>, nowEpochMs: number): PlatformAgent {
  const report = fieldsOf(agent['report'])
  const reportedAtNs = textOf(report['reported_at_ns'])
  return {
    service: textOf(agent['service']), instance: textOf(agent['instance']), peer: textOf(agent['peer']), sdk: textOf(report['sdk']),
    recorded: count(report['recorded']), acknowledged: count(report['acknowledged']), pending: count(report['pending']),
    dropped: counts(report['dropped']),
    clockOffsetMs: report['clock_offset_ns'] === undefined ? Number.NaN : count(report['clock_offset_ns']) / 1e6,
    roundTripMs: report['round_trip_ns'] === undefined ? Number.NaN : count(report['round_trip_ns']) / 1e6,
    reportAgeMs: /^\d+$/.test(reportedAtNs) ? nowEpochMs - Number(BigInt(reportedAtNs) / 1_000_000n) : Number.NaN,
  }
}

function count(value: unknown): number {
  return Number(value ?? 0) || 0
}

function counts(value: unknown): Record<string, number> {
  return Object.fromEntries(Object.entries(fieldsOf(value)).map(([name, number]) => [name, count(number)]))
}
