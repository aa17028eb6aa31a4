// HTTP between the page and an aggregator. `…Of` read an answer of unknown shape: what is missing or of another kind becomes empty.

export type Fetch = (url: string, init: RequestInit) => Promise<Response>

/** Null: it cannot be read now. */
export async function getJson(address: string, path: string, token: string | null, fetcher: Fetch, timeoutMs = 5000): Promise<unknown> {
  try {
    const headers: Record<string, string> = token === null ? {} : { authorization: `Bearer ${token}` }
    const response = await fetcher(new URL(path, address).href, { headers, signal: AbortSignal.timeout(timeoutMs) })
    return response.ok ? await response.json() as unknown : null
  } catch {
    // The stream reports a broken connection; a list is simply read again later.
    return null
  }
}

export function sendJson(address: string, method: string, path: string, token: string | null, body: unknown): Promise<Response> {
  const headers: Record<string, string> = { 'content-type': 'application/json' }
  if (token !== null) headers['authorization'] = `Bearer ${token}`
  return fetch(new URL(path, address), { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) })
}

export function fieldsOf(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? value as Record<string, unknown> : {}
}

export function textOf(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}

export function textsOf(value: unknown): Record<string, string> {
  return Object.fromEntries(Object.entries(fieldsOf(value)).filter((pair): pair is [string, string] => typeof pair[1] === 'string'))
}
