import { describe, expect, it } from 'vitest'
import { Catalog } from './catalog'
import { PlatformHistory } from './platformHistory'
import { readSeries, readServices } from '../wire/catalog'
import { getJson } from '../wire/http'
import { readPlatform } from '../wire/status'

describe('lists of an aggregator', () => {
  it('reads services, and adds them up over aggregators', () => {
    const services = readServices({ services: [{ name: 'a', series: 3, live: 1, instances: [{}, {}] }, { nonsense: true }] })!
    expect(services).toEqual([{ service: 'a', instances: 2, live: 1, series: 3 }])
    const catalog = new Catalog()
    catalog.setServices(0, services)
    catalog.setServices(1, services)
    expect(catalog.services().get('a')).toEqual({ service: 'a', instances: 4, live: 2, series: 6 })
    expect(readServices({ services: 'none' })).toBeNull()
  })

  it('reads series, and knows how many are not listed', () => {
    const one = { service: 's', instance: 'i', name: 'n', kind: 'gauge', unit: 'ms', labels: { a: 'b', c: 5 } }
    const list = readSeries({ total: 9, series: [one, { ...one, kind: 'riddle' }, null] })!
    expect(list).toEqual({ total: 9, series: [{ ...one, labels: { a: 'b' } }] })
    const catalog = new Catalog()
    catalog.setSeries(0, list)
    expect([catalog.unlisted, catalog.series().length]).toEqual([8, 1])
    expect(readSeries(null)).toBeNull()
  })

  it('sends the token, and takes a failure for no answer', async () => {
    let sent: RequestInit = {}
    const answer = await getJson('http://box:1', '/api/services', 't', (_url, init) => {
      sent = init
      return Promise.resolve(new Response('{"a":1}'))
    })
    expect([answer, sent.headers]).toEqual([{ a: 1 }, { authorization: 'Bearer t' }])
    expect(await getJson('http://box:1', '/x', null, () => Promise.resolve(new Response('', { status: 500 })))).toBeNull()
    expect(await getJson('http://box:1', '/x', null, () => Promise.reject(new Error('gone')))).toBeNull()
  })
})

describe('the platform', () => {
  const raw = {
    pid: 7, session_id: '1', version: '1.0', phase: 'serving', uptime_seconds: 5,
    ingest: { received: 100, batches: 10, rejected_by_reason: { series_limit: 2 } },
    streaming: { frames_sent: 5, bytes_sent: 50, frame_seconds_mean: 0.002 }, process: { cpu_seconds: 1, memory_bytes: 9 },
    agents: [{ service: 's', instance: 'i', peer: 'p', report: {
      recorded: 5, acknowledged: 3, pending: 1, dropped: { full: 1 }, clock_offset_ns: 2e6, round_trip_ns: 1e6, sdk: 'x', reported_at_ns: '1000000000',
    } }, { service: 's', instance: 'j' }],
    conflicts: [{ service: 's', instance: 'i', refused_peer: 'a', owner_peer: 'b' }],
  }

  it('is read from the status', () => {
    const status = readPlatform(raw, 3000)
    expect(status).toMatchObject({ pid: 7, received: 100, frameMsMean: 2, uptimeMs: 5000, rejectedByReason: { series_limit: 2 } })
    expect(status.agents[0]).toMatchObject({ recorded: 5, acknowledged: 3, dropped: { full: 1 } })
    expect(status.agents[0]).toMatchObject({ clockOffsetMs: 2, roundTripMs: 1, reportAgeMs: 2000 })
    expect(status.agents[1]!.clockOffsetMs).toBeNaN()
    expect(status.conflicts).toEqual([{ service: 's', instance: 'i', refused: 'a', owner: 'b' }])
    expect(readPlatform(null, 0)).toMatchObject({ pid: 0, agents: [] })
  })

  it('has rates between two readings of one session', () => {
    const history = new PlatformHistory()
    const status = readPlatform(raw, 0)
    history.add(status, 1000)
    expect(history.rates()).toBeUndefined()
    history.add({ ...status, received: 300, batches: 20, cpuSeconds: 1.5, bytesSent: 150, framesSent: 15 }, 3000)
    expect(history.rates()).toEqual({ samplesPerSecond: 100, batchesPerSecond: 5, framesPerSecond: 5, bytesPerSecond: 50, cores: 0.25 })
    history.add({ ...status, sessionId: '2', received: 1 }, 4000)
    expect(history.samples).toEqual([100])
  })
})
