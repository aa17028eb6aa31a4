import { describe, expect, it } from 'vitest'
import { QUERY_DEFAULT } from '../store/explore'
import { METRICS_MAX, readUrl, WINDOW_DEFAULT_MS, windowText, writeUrl, type Choices } from './url'

const everything: Choices = {
  page: 'service', service: 'check out/&?', instance: 'a-1', windowMs: 12_400, atMs: 1_763_769_600_000, metrics: ['queue_depth', 'x{y}'],
  large: 'latency', theme: 'light',
  queries: [
    { selector: 'latency{service=~"check,[]out"}', split: 'http,route]', combine: 'max', statistic: 'p99', right: true },
    { selector: 'rps', split: '', combine: 'mean', statistic: 'percentiles', right: false },
    { selector: '{a="[b=c]"}', split: null, combine: 'sum', statistic: 'percentiles', right: false },
  ],
  hidden: ['explore/0:rps a/b', 'latency/p50'], only: 'latency/p99', table: true, wall: 'rps', sort: 'p99', filter: 'a b', capture: '12',
}

describe('the URL', () => {
  it('brings every choice back', () => {
    expect(readUrl(writeUrl(everything, ''))).toEqual(everything)
  })

  it('is empty for what a new page shows, and keeps what is not ours', () => {
    const fresh = readUrl('')
    expect(fresh).toEqual({
      page: 'overview', service: null, instance: null, windowMs: WINDOW_DEFAULT_MS, atMs: null, metrics: [], large: null, queries: [], hidden: [],
      only: null, table: false, wall: null, sort: null, filter: '', capture: null, theme: 'system',
    })
    expect(writeUrl(fresh, '')).toBe('')
    expect(writeUrl(fresh, '?paint=off&page=service')).toBe('?paint=off')
  })

  it('opens the service page for a service alone', () => {
    expect(readUrl('?service=checkout').page).toBe('service')
    expect(readUrl('?service=checkout&page=overview').page).toBe('overview')
  })

  it.each([['window=5s', 5000], ['window=10m', 600_000], ['window=99m', 5_940_000], ['window=24h', 86_400_000], ['window=99h', 86_400_000], ['window=1ms', 1000], ['window=soon', WINDOW_DEFAULT_MS]])(
    'reads %s', (text, ms) => expect(readUrl(`?${text}`).windowMs).toBe(ms),
  )

  it('does not believe nonsense', () => {
    expect(readUrl('?at=now&theme=pink&page=admin')).toMatchObject({ atMs: null, theme: 'system', page: 'overview' })
    const many = Array.from({ length: 50 }, (_, i) => `metric=m${i}`).join('&')
    expect(readUrl(`?${many}`).metrics).toHaveLength(METRICS_MAX)
    expect(readUrl('?q=[split=%25zz,by=x,of=y,axis=up]rps').queries).toEqual([{ ...QUERY_DEFAULT, selector: 'rps', split: '%zz' }])
  })

  it('writes windows as people do', () => {
    expect([5000, 60_000, 600_000, 12_400, 21_600_000].map(windowText)).toEqual(['5s', '1m', '10m', '12400ms', '6h'])
  })
})
