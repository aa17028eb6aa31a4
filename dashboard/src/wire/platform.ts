// The whole of GET /api/status: how an aggregator itself is doing.
import { fieldsOf } from './catalog'

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
    pid: count(all['pid']), sessionId: text(all['session_id']), version: text(all['version']), phase: text(all['phase']),
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
    agents: list(all['agents']).map(item => readAgent(fieldsOf(item), nowEpochMs)),
    conflicts: list(all['conflicts']).map(item => {
      const { service, instance, refused_peer: refused, owner_peer: owner } = fieldsOf(item)
      return { service: text(service), instance: text(instance), refused: text(refused), owner: text(owner) }
    }),
  }
}

function readAgent(agent: Record<string, unknown>, nowEpochMs: number): PlatformAgent {
  const report = fieldsOf(agent['report'])
  const reportedAtNs = text(report['reported_at_ns'])
  return {
    service: text(agent['service']), instance: text(agent['instance']), peer: text(agent['peer']), sdk: text(report['sdk']),
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

function text(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}

function counts(value: unknown): Record<string, number> {
  return Object.fromEntries(Object.entries(fieldsOf(value)).map(([name, number]) => [name, count(number)]))
}
