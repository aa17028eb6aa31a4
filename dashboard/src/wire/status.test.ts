import { describe, expect, it } from 'vitest'
import { fetchStatus, readAgents, readGrafana } from './status'

function answering(status: number, body: unknown): (url: string, init: RequestInit) => Promise<Response> {
  return () => Promise.resolve(new Response(JSON.stringify(body), { status }))
}

describe('fetchStatus', () => {
  it('adds up what an agent had to drop, by all reasons', async () => {
    const agents = [{ service: 's', instance: 'i', report: { dropped: { queue_full: 3, too_old: '4' } } }]
    expect(await fetchStatus('http://box', null, answering(200, { agents }))).toEqual({
      kind: 'agents', agents: [{ service: 's', instance: 'i', lost: 7 }], grafana: null,
    })
  })

  it('sends the token', async () => {
    let sent: RequestInit | null = null
    await fetchStatus('http://box', 'secret', (_url, init) => {
      sent = init
      return Promise.resolve(new Response('{}'))
    })
    expect(sent).toMatchObject({ headers: { authorization: 'Bearer secret' } })
  })

  it('tells a missing token from anything else', async () => {
    expect(await fetchStatus('http://box', null, answering(401, {}))).toEqual({ kind: 'unauthorized' })
    expect(await fetchStatus('http://box', null, answering(503, {}))).toEqual({ kind: 'unreadable', reason: 'it answered 503' })
    expect(await fetchStatus('http://box', null, () => Promise.reject(new TypeError('Failed to fetch')))).toMatchObject({ kind: 'unreadable' })
    expect(await fetchStatus('http://box', null, () => Promise.resolve(new Response('<html>')))).toMatchObject({ kind: 'unreadable' })
  })

  it('takes nothing from what it does not understand', () => {
    expect([readAgents(null), readAgents({ agents: {} }), readAgents({ agents: [null, { service: 1 }] })]).toEqual([[], [], []])
    expect(readAgents({ agents: [{ service: 's', instance: 'i', dropped: { a: 2 } }] })).toEqual([{ service: 's', instance: 'i', lost: 2 }])
  })
})

describe('readGrafana', () => {
  it('takes a web address, without a slash at its end, and nothing else', () => {
    expect(readGrafana({ links: { grafana: 'http://box:3001/' } })).toBe('http://box:3001')
    expect(readGrafana({ links: { grafana: 'https://box/grafana' } })).toBe('https://box/grafana')
    for (const grafana of [null, 3, '', 'box:3001', 'javascript:alert(1)', 'file:///etc/passwd']) expect(readGrafana({ links: { grafana } })).toBeNull()
    expect([readGrafana({}), readGrafana(null), readGrafana({ links: null })]).toEqual([null, null, null])
  })
})
