import { describe, expect, it } from 'vitest'
import { parseControl } from './control'

describe('parseControl', () => {
  it('reads a greeting with a session above 2^53', () => {
    const text = '{"type":"hello","version":1,"session":"16045690984833335023","server_ns":"1763769600000000000","rates":[60,30]}'
    expect(parseControl(text)).toEqual({ ok: true, message: { type: 'hello', version: 1, session: 16045690984833335023n } })
  })

  it('reads the dictionary', () => {
    const series = { id: 7, source: 2, service: 'checkout', instance: 'a-1', name: 'rps', labels: { route: '/' }, kind: 'gauge', unit: '1/s' }
    expect(parseControl(JSON.stringify({ type: 'series', series: [series] }))).toEqual({ ok: true, message: { type: 'series', series: [series] } })
  })

  it('reads gap, rate, heartbeat, pong and error', () => {
    const read = (text: string) => {
      const result = parseControl(text)
      return result.ok ? result.message : result.error
    }
    expect(read('{"type":"gap","id":1,"from_tick":10,"to_tick":40,"reason":"lagging","samples":120}'))
      .toEqual({ type: 'gap', id: 1, fromTick: 10, toTick: 40, reason: 'lagging', samples: 120 })
    expect(read('{"type":"rate","id":1,"rate":15,"reason":"lagging"}')).toEqual({ type: 'rate', id: 1, rate: 15, reason: 'lagging' })
    expect(read('{"type":"heartbeat","tick":4711,"server_ns":"5"}')).toEqual({ type: 'heartbeat', serverNs: 5n })
    expect(read('{"type":"pong","t":12.5,"server_ns":"7"}')).toEqual({ type: 'pong', t: 12.5, serverNs: 7n })
    expect(read('{"type":"error","message":"Cannot subscribe: no."}')).toEqual({ type: 'error', message: 'Cannot subscribe: no.' })
  })

  it('lets a type of the future pass', () => {
    expect(parseControl('{"type":"weather"}')).toEqual({ ok: true, message: { type: 'unknown' } })
  })

  it.each([
    'not json', '[]', '5', 'null', '{}', '{"type":"hello","version":1}', '{"type":"hello","version":1,"session":"1e9"}',
    '{"type":"series","series":{}}', '{"type":"series","series":[{"id":"7"}]}', '{"type":"pong","t":"now","server_ns":"1"}', '{"type":"rate"}',
  ])('refuses %s', text => {
    const result = parseControl(text)
    expect(result.ok ? '' : result.error).toMatch(text === '[]' || text.startsWith('{"type":"') ? /^Cannot read/ : /^Cannot read the aggregator's message/)
  })
})
