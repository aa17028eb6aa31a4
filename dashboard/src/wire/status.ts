// GET /api/status of an aggregator: what its frames do not carry.

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

type Fetch = (url: string, init: RequestInit) => Promise<Response>

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

function fieldsOf(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? value as Record<string, unknown> : {}
}
