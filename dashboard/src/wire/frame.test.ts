import { describe, expect, it } from 'vitest'
import { FRAME_HEADER_BYTES, readFrame, SECTION_STRIDE } from './frame'
import { encodeFrame, seeded, type FrameSpec } from './testFrames'

const ORIGIN_NS = 1_763_700_000_000_000_000n

const everySection: FrameSpec = {
  session: 0xfedcba9876543210n, tick: 4711, rateHz: 15, baseNs: ORIGIN_NS + 5_000_000n, framedNs: ORIGIN_NS + 7_500_000n, overwritten: 3,
  gauges: [{ firstSeries: 7, times: [-20e6, 0], values: [[1, 2], [3, 4]] }],
  counters: [{ firstSeries: 9, times: [0], values: [[5]] }],
  conflated: [{ series: 11, count: 3, startTime: -9, time: 0, first: 1, min: 0, max: 3, last: 2, sum: 6 }],
  histograms: [{ series: 12, time: 0, scale: 3, positiveOffset: -1, positive: [1, 2, 3] }],
  explicit: [{ series: 13, time: 0, bounds: [1, 2], counts: [1, 0, 4] }],
  stamps: [{ source: 1, recorded: -1e6, received: 0, clockOffset: 0 }],
}

/** Changes some bytes of a good frame. */
function tampered(change: (view: DataView) => void, spec: FrameSpec = everySection): ArrayBuffer {
  const buffer = encodeFrame(spec)
  change(new DataView(buffer))
  return buffer
}

function errorOf(buffer: ArrayBuffer): string {
  const result = readFrame(buffer, ORIGIN_NS)
  return result.ok ? 'accepted' : result.error
}

describe('readFrame', () => {
  it('reads the header, with times as milliseconds since the origin', () => {
    const result = readFrame(encodeFrame(everySection), ORIGIN_NS)
    expect(result).toMatchObject({ ok: true, index: {
      rateHz: 15, tick: 4711, sessionHigh: 0xfedcba98, sessionLow: 0x76543210, baseMs: 5, framedMs: 7.5, overwrittenCount: 3,
      sampleCount: 10,
    } })
  })

  it('lists every section that it knows', () => {
    const result = readFrame(encodeFrame(everySection), ORIGIN_NS)
    const types = result.ok ? Array.from(result.index.sections).filter((_, i) => i % SECTION_STRIDE === 0) : []
    expect(types).toEqual([1, 2, 3, 4, 5, 6])
  })

  it('skips a section of a type that it does not know', () => {
    const buffer = tampered(view => view.setUint32(FRAME_HEADER_BYTES, 99, true))
    const result = readFrame(buffer, ORIGIN_NS)
    expect(result.ok && result.index.sections[0]).toBe(2)
  })

  it('accepts a frame without sections', () => {
    expect(errorOf(encodeFrame({}))).toBe('accepted')
  })

  it.each([
    ['nothing', new ArrayBuffer(0), 'a header alone has 64'],
    ['half a header', new ArrayBuffer(40), '40 bytes'],
    ['another magic', tampered(view => view.setUint32(0, 1, true)), 'starts with 0x1'],
    ['a newer version', tampered(view => view.setUint8(4, 2)), 'version is 2'],
    ['a length that is not its own', tampered(view => view.setUint32(40, 64, true)), 'header says 64 bytes'],
    ['a tick that is no number', tampered(view => view.setFloat64(16, Number.NaN, true)), 'tick is NaN'],
    ['more sections than it has', tampered(view => view.setUint32(44, 7, true)), 'section 6 starts at'],
    ['millions of sections', tampered(view => view.setUint32(44, 4e9, true)), 'claims 4000000000 sections'],
    ['fewer sections than it has', tampered(view => view.setUint32(44, 5, true)), 'follow its last section'],
    ['a payload past the end', tampered(view => view.setUint32(68, 1 << 20, true)), 'claims 1048576 bytes'],
    ['a payload that is not aligned', tampered(view => view.setUint32(68, 12, true)), 'not a multiple of 8'],
    ['more groups than bytes', tampered(view => view.setUint32(72, 0xffffffff, true)), 'claims 4294967295 rows'],
    ['a group of no series', tampered(view => view.setUint32(88, 0, true)), 'empty group 0'],
    ['a group of billions', tampered(view => view.setUint32(88, 0xffffffff, true)), 'past the largest id'],
    ['more times than its groups', tampered(view => view.setUint32(76, 3, true)), 'claims 3'],
  ])('refuses %s, and says what is wrong', (_name, buffer, reason) => {
    expect(errorOf(buffer)).toContain(reason)
  })

  it.each([
    ['histogram buckets', { histograms: everySection.histograms! }, 12],
    ['explicit bounds', { explicit: everySection.explicit! }, 12],
    ['conflated rows', { conflated: everySection.conflated! }, 8],
    ['stamps', { stamps: everySection.stamps! }, 8],
  ] satisfies [string, FrameSpec, number][])('refuses lying counts of %s', (_name, spec, offset) => {
    for (const count of [0, 7, 1000, 0x7fffffff, 0xffffffff]) {
      expect(errorOf(tampered(view => view.setUint32(FRAME_HEADER_BYTES + offset, count, true), spec))).toMatch(/^Cannot read the frame: /)
    }
  })

  it('refuses every truncation of a frame, whatever its header says', () => {
    const whole = encodeFrame(everySection)
    for (let bytes = 0; bytes < whole.byteLength; bytes++) {
      const cut = whole.slice(0, bytes)
      expect(errorOf(cut)).not.toBe('accepted')
      if (bytes < FRAME_HEADER_BYTES) continue
      new DataView(cut).setUint32(40, bytes, true)
      expect(errorOf(cut)).not.toBe('accepted')
    }
  })

  it('never throws, and never points outside of the buffer, for 20,000 mutated frames', () => {
    const random = seeded(7)
    const good = new Uint8Array(encodeFrame(everySection))
    let accepted = 0
    for (let round = 0; round < 20_000; round++) {
      const bytes = good.slice()
      for (let n = 1 + random() * 4; n > 0; n--) bytes[Math.floor(random() * bytes.length)] = Math.floor(random() * 256)
      const result = readFrame(bytes.buffer, ORIGIN_NS)
      if (!result.ok) continue
      accepted++
      const { sections } = result.index
      for (let at = 0; at < sections.length; at += SECTION_STRIDE) expect(sections[at + 1]).toBeLessThanOrEqual(bytes.length)
    }
    expect(accepted).toBeGreaterThan(1000)
  })
})
