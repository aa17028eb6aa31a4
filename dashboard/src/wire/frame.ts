// The byte layout of a streaming frame (proto/frame.md, version 1) and the check that every frame passes before
// anything reads it. After `readFrame` has accepted a buffer, every column lies inside it at an aligned offset, so that
// readers take typed-array views without a further check.

export const FRAME_MAGIC = 0x31464c54
export const FRAME_VERSION = 1
export const FRAME_HEADER_BYTES = 64
export const SECTION_HEADER_BYTES = 16
/** A frame above this is refused: ten times what a full backfill of a page takes. */
const FRAME_BYTES_MAX = 256 * 1024 * 1024

export const FLAG_BACKFILL = 1
export const FLAG_BACKFILL_END = 2

export const SECTION_GAUGES = 1
export const SECTION_COUNTERS = 2
export const SECTION_CONFLATED = 3
export const SECTION_HISTOGRAMS = 4
export const SECTION_EXPLICIT = 5
export const SECTION_STAMPS = 6

/** Numbers of one section in `FrameIndex.sections`: type, offset of the payload, a, b. */
export const SECTION_STRIDE = 4

const UINT32 = 4294967296

export type FrameIndex = {
  readonly rateHz: number
  readonly flags: number
  readonly sessionHigh: number
  readonly sessionLow: number
  readonly tick: number
  /** Milliseconds since the page's origin. */
  readonly framedMs: number
  /** Milliseconds since the page's origin: times in sections are nanoseconds after it. */
  readonly baseMs: number
  readonly sampleCount: number
  readonly overwrittenCount: number
  /** `SECTION_STRIDE` numbers a section: type, payload offset, a, b. Unknown types are left out. */
  readonly sections: Int32Array<ArrayBuffer>
}

export type FrameResult = { readonly ok: true, readonly index: FrameIndex } | { readonly ok: false, readonly error: string }

export function padTo8(bytes: number): number {
  return Math.ceil(bytes / 8) * 8
}

/**
 * Checks a received buffer and says where its columns are. Never throws: a frame that lies about its lengths is an error
 * value that names what is wrong. `originNs` is the instant that the page counts its milliseconds from.
 */
export function readFrame(buffer: ArrayBuffer, originNs: bigint): FrameResult {
  if (buffer.byteLength < FRAME_HEADER_BYTES) {
    return refuse(`it has ${buffer.byteLength} bytes, and a header alone has ${FRAME_HEADER_BYTES}`)
  }
  if (buffer.byteLength > FRAME_BYTES_MAX) return refuse(`it has ${buffer.byteLength} bytes, and ${FRAME_BYTES_MAX} are allowed`)
  const header = new DataView(buffer, 0, FRAME_HEADER_BYTES)
  const magic = header.getUint32(0, true)
  if (magic !== FRAME_MAGIC) return refuse(`it starts with 0x${magic.toString(16)} instead of 0x${FRAME_MAGIC.toString(16)}`)
  const version = header.getUint8(4)
  if (version !== FRAME_VERSION) return refuse(`its version is ${version}, and this page reads ${FRAME_VERSION}. Reload the page`)
  const frameBytes = header.getUint32(40, true)
  if (frameBytes !== buffer.byteLength) return refuse(`its header says ${frameBytes} bytes, and ${buffer.byteLength} arrived`)
  const tick = header.getFloat64(16, true)
  if (!Number.isSafeInteger(tick) || tick < 0) return refuse(`its tick is ${tick}`)
  const sections = readSections(buffer, header.getUint32(44, true))
  if (typeof sections === 'string') return refuse(sections)
  return {
    ok: true,
    index: {
      rateHz: header.getUint8(5),
      flags: header.getUint16(6, true),
      sessionLow: header.getUint32(8, true),
      sessionHigh: header.getUint32(12, true),
      tick,
      framedMs: millisecondsSince(header.getBigInt64(24, true), originNs),
      baseMs: millisecondsSince(header.getBigInt64(32, true), originNs),
      sampleCount: header.getUint32(48, true),
      overwrittenCount: header.getUint32(52, true),
      sections,
    },
  }
}

export function millisecondsSince(ns: bigint, originNs: bigint): number {
  return Number(ns - originNs) / 1e6
}

function refuse(reason: string): FrameResult {
  return { ok: false, error: `Cannot read the frame: ${reason}.` }
}

function readSections(buffer: ArrayBuffer, sectionCount: number): Int32Array<ArrayBuffer> | string {
  const sectionCountMax = Math.floor((buffer.byteLength - FRAME_HEADER_BYTES) / SECTION_HEADER_BYTES)
  if (sectionCount > sectionCountMax) return `it claims ${sectionCount} sections, and ${sectionCountMax} headers would fill it`
  const words = new Uint32Array(buffer, 0, Math.floor(buffer.byteLength / 4))
  const sections = new Int32Array(sectionCount * SECTION_STRIDE)
  let offset = FRAME_HEADER_BYTES
  let known = 0
  for (let section = 0; section < sectionCount; section++) {
    if (offset + SECTION_HEADER_BYTES > buffer.byteLength) return `section ${section} starts at ${offset}, past its end`
    const type = words[offset / 4]!
    const payloadBytes = words[offset / 4 + 1]!
    const a = words[offset / 4 + 2]!
    const b = words[offset / 4 + 3]!
    const payload = offset + SECTION_HEADER_BYTES
    if (payloadBytes % 8 !== 0) return `section ${section} has ${payloadBytes} payload bytes, not a multiple of 8`
    if (payload + payloadBytes > buffer.byteLength) {
      return `section ${section} claims ${payloadBytes} bytes, and ${buffer.byteLength - payload} are left`
    }
    if (type >= SECTION_GAUGES && type <= SECTION_STAMPS) {
      const error = checkSection(words, type, payload, payloadBytes, a, b)
      if (error !== null) return `section ${section} of type ${type} ${error}`
      sections[known++] = type
      sections[known++] = payload
      sections[known++] = a
      sections[known++] = b
    }
    offset = payload + payloadBytes
  }
  if (offset !== buffer.byteLength) return `${buffer.byteLength - offset} bytes follow its last section`
  return sections.subarray(0, known)
}

function checkSection(words: Uint32Array, type: number, payload: number, payloadBytes: number, a: number, b: number): string | null {
  const first = payload / 4
  switch (type) {
    case SECTION_GAUGES:
    case SECTION_COUNTERS:
      return checkGroups(words, first, payloadBytes, a, b)
    case SECTION_CONFLATED:
      return expect(payloadBytes, 2 * padTo8(4 * a) + 7 * 8 * a, a)
    case SECTION_HISTOGRAMS: {
      const columns = 6 * padTo8(4 * a) + 6 * 8 * a
      if (columns > payloadBytes) return tooMany(a, payloadBytes)
      const stride = padTo8(4 * a) / 4
      const buckets = sum(words, first + 3 * stride, a) + sum(words, first + 5 * stride, a)
      if (buckets !== b) return `has rows with ${buckets} buckets, and claims ${b}`
      return expect(payloadBytes, columns + padTo8(4 * b), a)
    }
    case SECTION_EXPLICIT: {
      const columns = 2 * padTo8(4 * a) + 5 * 8 * a
      if (columns > payloadBytes) return tooMany(a, payloadBytes)
      const bounds = sum(words, first + padTo8(4 * a) / 4, a)
      if (bounds !== b) return `has rows with ${bounds} bounds, and claims ${b}`
      return expect(payloadBytes, columns + 8 * b + padTo8(4 * (a + b)), a)
    }
    default:
      return expect(payloadBytes, padTo8(4 * a) + 3 * 8 * a, a)
  }
}

function checkGroups(words: Uint32Array, first: number, payloadBytes: number, groupCount: number, timeCount: number): string | null {
  const groupBytes = 3 * padTo8(4 * groupCount)
  if (groupBytes > payloadBytes) return tooMany(groupCount, payloadBytes)
  const stride = padTo8(4 * groupCount) / 4
  let times = 0
  let values = 0
  for (let group = 0; group < groupCount; group++) {
    const seriesCount = words[first + stride + group]!
    const sampleCount = words[first + 2 * stride + group]!
    if (seriesCount === 0 || sampleCount === 0) return `has an empty group ${group}`
    if (words[first + group]! + seriesCount > UINT32) return `has series past the largest id in group ${group}`
    times += sampleCount
    values += seriesCount * sampleCount
  }
  if (times !== timeCount) return `has groups with ${times} times, and claims ${timeCount}`
  return expect(payloadBytes, groupBytes + 8 * times + 8 * values, groupCount)
}

function sum(words: Uint32Array, first: number, count: number): number {
  let total = 0
  for (let i = first; i < first + count; i++) total += words[i]!
  return total
}

function expect(payloadBytes: number, needed: number, count: number): string | null {
  return payloadBytes === needed ? null : `has ${payloadBytes} payload bytes, and its ${count} rows need ${needed}`
}

function tooMany(count: number, payloadBytes: number): string {
  return `claims ${count} rows, more than its ${payloadBytes} bytes hold`
}
