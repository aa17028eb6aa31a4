// An encoder of frames, for tests and for the development stand-in. The product's encoder is the aggregator's.
import {
  FRAME_HEADER_BYTES, FRAME_MAGIC, FRAME_VERSION, SECTION_CONFLATED, SECTION_COUNTERS, SECTION_EXPLICIT, SECTION_GAUGES,
  SECTION_HEADER_BYTES, SECTION_HISTOGRAMS, SECTION_STAMPS, padTo8,
} from './frame'

export type GroupSpec = { firstSeries: number, times: number[], values: number[][] }
export type ConflatedSpec = {
  series: number, count: number, startTime: number, time: number, first: number, min: number, max: number, last: number, sum: number
}
export type HistogramSpec = {
  series: number, time: number, scale: number, positiveOffset: number, positive: number[], negativeOffset?: number, negative?: number[],
  zeroCount?: number, sum?: number, min?: number, max?: number
}
export type ExplicitSpec = { series: number, time: number, bounds: number[], counts: number[], sum?: number, min?: number, max?: number }
export type StampSpec = { source: number, recorded: number, received: number, clockOffset: number }

export type FrameSpec = {
  rateHz?: number, flags?: number, session?: bigint, tick?: number, framedNs?: bigint, baseNs?: bigint, sampleCount?: number,
  overwritten?: number, gauges?: GroupSpec[], counters?: GroupSpec[], conflated?: ConflatedSpec[], histograms?: HistogramSpec[],
  explicit?: ExplicitSpec[], stamps?: StampSpec[],
}

type Column = { readonly kind: 'u32' | 'i32' | 'f64' | 'u64', readonly values: readonly number[] }
type Section = { readonly type: number, readonly a: number, readonly b: number, readonly columns: readonly Column[] }

const u32 = (values: readonly number[]): Column => ({ kind: 'u32', values })
const i32 = (values: readonly number[]): Column => ({ kind: 'i32', values })
const f64 = (values: readonly number[]): Column => ({ kind: 'f64', values })

export function encodeFrame(spec: FrameSpec): ArrayBuffer {
  const sections = sectionsOf(spec)
  const bytes = FRAME_HEADER_BYTES + sections.reduce((total, section) => total + SECTION_HEADER_BYTES + payloadBytes(section), 0)
  const buffer = new ArrayBuffer(bytes)
  const view = new DataView(buffer)
  view.setUint32(0, FRAME_MAGIC, true)
  view.setUint8(4, FRAME_VERSION)
  view.setUint8(5, spec.rateHz ?? 60)
  view.setUint16(6, spec.flags ?? 0, true)
  view.setBigUint64(8, spec.session ?? 1n, true)
  view.setFloat64(16, spec.tick ?? 1, true)
  view.setBigInt64(24, spec.framedNs ?? spec.baseNs ?? 0n, true)
  view.setBigInt64(32, spec.baseNs ?? 0n, true)
  view.setUint32(40, bytes, true)
  view.setUint32(44, sections.length, true)
  view.setUint32(48, spec.sampleCount ?? samplesOf(spec), true)
  view.setUint32(52, spec.overwritten ?? 0, true)
  let offset = FRAME_HEADER_BYTES
  for (const section of sections) {
    view.setUint32(offset, section.type, true)
    view.setUint32(offset + 4, payloadBytes(section), true)
    view.setUint32(offset + 8, section.a, true)
    view.setUint32(offset + 12, section.b, true)
    offset += SECTION_HEADER_BYTES
    for (const column of section.columns) offset = writeColumn(view, offset, column)
  }
  return buffer
}

function sectionsOf(spec: FrameSpec): Section[] {
  const sections: Section[] = []
  if (spec.gauges) sections.push(groups(SECTION_GAUGES, 'f64', spec.gauges))
  if (spec.counters) sections.push(groups(SECTION_COUNTERS, 'u64', spec.counters))
  if (spec.conflated) {
    const rows = spec.conflated
    const pick = (name: keyof ConflatedSpec) => rows.map(row => row[name])
    sections.push({ type: SECTION_CONFLATED, a: rows.length, b: 0, columns: [
      u32(pick('series')), u32(pick('count')), f64(pick('startTime')), f64(pick('time')), f64(pick('first')), f64(pick('min')), f64(pick('max')),
      f64(pick('last')), f64(pick('sum')),
    ] })
  }
  if (spec.histograms) sections.push(histograms(spec.histograms))
  if (spec.explicit) sections.push(explicit(spec.explicit))
  if (spec.stamps) {
    const rows = spec.stamps
    sections.push({ type: SECTION_STAMPS, a: rows.length, b: 0, columns: [
      u32(rows.map(row => row.source)), f64(rows.map(row => row.recorded)), f64(rows.map(row => row.received)),
      f64(rows.map(row => row.clockOffset)),
    ] })
  }
  return sections
}

function groups(type: number, kind: 'f64' | 'u64', list: readonly GroupSpec[]): Section {
  return { type, a: list.length, b: list.reduce((total, group) => total + group.times.length, 0), columns: [
    u32(list.map(group => group.firstSeries)), u32(list.map(group => group.values.length)), u32(list.map(group => group.times.length)),
    f64(list.flatMap(group => group.times)), { kind, values: list.flatMap(group => group.values.flat()) },
  ] }
}

function histograms(rows: readonly HistogramSpec[]): Section {
  const buckets = rows.flatMap(row => [...row.positive, ...row.negative ?? []])
  return { type: SECTION_HISTOGRAMS, a: rows.length, b: buckets.length, columns: [
    u32(rows.map(row => row.series)), i32(rows.map(row => row.scale)), i32(rows.map(row => row.positiveOffset)),
    u32(rows.map(row => row.positive.length)), i32(rows.map(row => row.negativeOffset ?? 0)),
    u32(rows.map(row => row.negative?.length ?? 0)),
    f64(rows.map(row => row.time)), f64(rows.map(row => count(row.positive) + count(row.negative ?? []) + (row.zeroCount ?? 0))),
    f64(rows.map(row => row.zeroCount ?? 0)), f64(rows.map(row => row.sum ?? Number.NaN)), f64(rows.map(row => row.min ?? Number.NaN)),
    f64(rows.map(row => row.max ?? Number.NaN)), u32(buckets),
  ] }
}

function explicit(rows: readonly ExplicitSpec[]): Section {
  const bounds = rows.flatMap(row => row.bounds)
  return { type: SECTION_EXPLICIT, a: rows.length, b: bounds.length, columns: [
    u32(rows.map(row => row.series)), u32(rows.map(row => row.bounds.length)), f64(rows.map(row => row.time)),
    f64(rows.map(row => count(row.counts))), f64(rows.map(row => row.sum ?? Number.NaN)), f64(rows.map(row => row.min ?? Number.NaN)),
    f64(rows.map(row => row.max ?? Number.NaN)), f64(bounds), u32(rows.flatMap(row => row.counts)),
  ] }
}

function count(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}

function samplesOf(spec: FrameSpec): number {
  const grouped = [...spec.gauges ?? [], ...spec.counters ?? []].reduce((total, group) => total + group.values.flat().length, 0)
  return grouped + count((spec.conflated ?? []).map(row => row.count)) + (spec.histograms?.length ?? 0) + (spec.explicit?.length ?? 0)
}

function payloadBytes(section: Section): number {
  return section.columns.reduce((total, column) => total + columnBytes(column), 0)
}

function columnBytes({ kind, values }: Column): number {
  return padTo8((kind === 'f64' || kind === 'u64' ? 8 : 4) * values.length)
}

function writeColumn(view: DataView, offset: number, column: Column): number {
  column.values.forEach((value, i) => {
    switch (column.kind) {
      case 'u32': view.setUint32(offset + 4 * i, value, true); break
      case 'i32': view.setInt32(offset + 4 * i, value, true); break
      case 'f64': view.setFloat64(offset + 8 * i, value, true); break
      case 'u64': view.setBigUint64(offset + 8 * i, BigInt(value), true); break
    }
  })
  return offset + columnBytes(column)
}

/** Uniform in [0, 1), the same for the same seed. */
export function seeded(seed: number): () => number {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0
    let mixed = Math.imul(seed ^ (seed >>> 15), 1 | seed)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
}
