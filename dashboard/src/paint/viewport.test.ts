import { describe, expect, it } from 'vitest'
import { SPAN_MAX_MS, SPAN_MIN_MS, Viewport } from './viewport'

const NOW = 1_000_000

describe('Viewport', () => {
  it('ends at now while live, and stays where it is while paused', () => {
    const viewport = new Viewport()
    expect(viewport.edgeMs(NOW)).toBe(NOW)
    viewport.pause(NOW)
    expect([viewport.edgeMs(NOW + 5000), viewport.live]).toEqual([NOW, false])
    viewport.pause(NOW + 5000)
    expect(viewport.edgeMs(NOW + 9000)).toBe(NOW)
    viewport.resume()
    expect(viewport.edgeMs(NOW + 9000)).toBe(NOW + 9000)
  })

  it('pans into the past, and is live again when it is panned back', () => {
    const viewport = new Viewport()
    viewport.pan(-10_000, NOW)
    expect(viewport.edgeMs(NOW)).toBe(NOW - 10_000)
    viewport.pan(9999, NOW)
    expect(viewport.live).toBe(true)
  })

  it('does not pan further than memory reaches', () => {
    const viewport = new Viewport()
    viewport.retentionMs = 120_000
    viewport.pan(-1e9, NOW)
    expect(viewport.edgeMs(NOW)).toBe(NOW - 120_000 + 0.2 * viewport.spanMs)
  })

  it('zooms around the pointer', () => {
    const viewport = new Viewport()
    const anchor = NOW - 10_000
    viewport.zoom(0.5, anchor, NOW)
    expect(viewport.spanMs).toBe(15_000)
    expect(viewport.edgeMs(NOW) - anchor).toBe(5000)
    viewport.zoom(2, anchor, NOW)
    expect([viewport.spanMs, viewport.live]).toEqual([30_000, true])
  })

  it('stays live when it is zoomed at the right edge', () => {
    const viewport = new Viewport()
    viewport.zoom(0.1, NOW, NOW)
    expect([viewport.spanMs, viewport.live]).toEqual([3000, true])
  })

  it('zooms no further than its limits', () => {
    const viewport = new Viewport()
    viewport.zoom(1e-9, NOW, NOW)
    expect(viewport.spanMs).toBe(SPAN_MIN_MS)
    viewport.zoom(1e9, NOW, NOW)
    expect(viewport.spanMs).toBe(SPAN_MAX_MS)
  })

  it('reports changes that people made, and not of the crosshair', () => {
    const viewport = new Viewport()
    let changes = 0
    viewport.onChange = () => changes++
    viewport.setCursor(5)
    viewport.setCursor(5)
    expect([changes, viewport.cursorVersion]).toEqual([0, 1])
    viewport.setSpan(5000)
    viewport.pause(NOW)
    viewport.resume()
    viewport.resume()
    expect(changes).toBe(3)
  })
})
