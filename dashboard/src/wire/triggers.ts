// /api/triggers of an aggregator: rules, what they fire on now, and the capture of each firing.
import type { SeriesKind } from './control'
import { fieldsOf, listOf, textOf, textsOf } from './http'

export const MEASURES = ['value', 'rate', 'min', 'max', 'mean', 'count'] as const
export const CONDITIONS = ['>', '>=', '<', '<=', '==', '!='] as const
export type RuleState = 'inactive' | 'pending' | 'firing' | 'disabled'

/** A rule as it is written; what is left out has the aggregator's default. */
export type Rule = Readonly<Record<string, unknown>> & {
  readonly name: string
  readonly selector: string
  readonly threshold: number
}

export type SeriesName = {
  readonly id: number
  readonly service: string
  readonly instance: string
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly kind: SeriesKind
  readonly unit: string
}

export type RuleStatus = {
  readonly id: string
  readonly origin: string
  readonly rule: Rule
  readonly state: RuleState
  readonly problem: string
  readonly series: number
  readonly firing: number
  readonly firingsTotal: number
  readonly active: readonly { readonly series: SeriesName, readonly state: string, readonly sinceNs: bigint, readonly value: number }[]
}

export type Triggers = {
  readonly version: number
  readonly canEdit: boolean
  readonly webhooks: readonly string[]
  readonly rules: readonly RuleStatus[]
}

export type FiringRecord = {
  readonly id: number
  readonly ruleId: string
  readonly ruleName: string
  readonly series: SeriesName
  readonly firedNs: bigint
  /** The timestamp of the sample with which it fired. */
  readonly sampleNs: bigint
  readonly endedNs: bigint | null
  readonly end: string
  readonly measure: string
  readonly condition: string
  readonly threshold: number
  readonly value: number
  readonly peak: number
  readonly capture: string
  readonly webhook: string
}

export type CapturedSeries = {
  readonly series: SeriesName
  readonly timesNs: readonly bigint[]
  /** Of histograms, by the name of the column: p50, p95, p99. */
  readonly columns: Readonly<Record<string, readonly number[]>>
}

export type CaptureRecord = {
  readonly firing: FiringRecord
  readonly fromNs: bigint
  readonly toNs: bigint
  readonly series: readonly CapturedSeries[]
}

export function readTriggers(answer: unknown): Triggers | null {
  const { version, can_edit: canEdit, webhooks, rules } = fieldsOf(answer)
  if (!Array.isArray(rules)) return null
  return {
    version: Number(version) || 0, canEdit: canEdit === true,
    webhooks: listOf(webhooks).filter(one => typeof one === 'string'),
    rules: rules.map(readRule),
  }
}

function readRule(item: unknown): RuleStatus {
  const fields = fieldsOf(item)
  const rule = fieldsOf(fields['rule'])
  const state = textOf(fields['state'])
  return {
    id: textOf(fields['id']), origin: textOf(fields['origin']),
    rule: { ...rule, name: textOf(rule['name']), selector: textOf(rule['selector']), threshold: number(rule['threshold']) },
    state: state === 'pending' || state === 'firing' || state === 'disabled' ? state : 'inactive',
    problem: textOf(fields['problem']), series: number(fields['series']), firing: number(fields['firing']), firingsTotal: number(fields['firings_total']),
    active: listOf(fields['active']).map(one => {
      const active = fieldsOf(one)
      return { series: readSeriesName(active['series']), state: textOf(active['state']), sinceNs: ns(active['since_ns']) ?? 0n, value: number(active['value']) }
    }),
  }
}

export function readFirings(answer: unknown): { total: number, firings: FiringRecord[] } | null {
  const { total, firings } = fieldsOf(answer)
  return Array.isArray(firings) ? { total: number(total), firings: firings.map(readFiring) } : null
}

export function readCapture(answer: unknown): CaptureRecord | null {
  const { firing, from_ns: from, to_ns: to, series } = fieldsOf(answer)
  if (!Array.isArray(series)) return null
  return {
    firing: readFiring(firing), fromNs: ns(from) ?? 0n, toNs: ns(to) ?? 0n,
    series: series.map(item => {
      const fields = fieldsOf(item)
      const columns = Object.entries(fields).filter((pair): pair is [string, unknown[]] => Array.isArray(pair[1]) && pair[0] !== 'timestamps_ns')
      return {
        series: readSeriesName(item), timesNs: listOf(fields['timestamps_ns']).map(one => ns(one) ?? 0n),
        columns: Object.fromEntries(columns.map(([name, values]) => [name, values.map(number)])),
      }
    }),
  }
}

function readFiring(item: unknown): FiringRecord {
  const fields = fieldsOf(item)
  return {
    id: number(fields['id']), ruleId: textOf(fields['rule_id']), ruleName: textOf(fields['rule_name']), series: readSeriesName(fields['series']),
    firedNs: ns(fields['fired_ns']) ?? 0n, sampleNs: ns(fields['sample_ns']) ?? 0n, endedNs: ns(fields['ended_ns']), end: textOf(fields['end']),
    measure: textOf(fields['measure']), condition: textOf(fields['condition']), threshold: number(fields['threshold']),
    value: number(fields['value']), peak: number(fields['peak']), capture: textOf(fields['capture']), webhook: textOf(fields['webhook']),
  }
}

function readSeriesName(item: unknown): SeriesName {
  const { id, service, instance, name, labels, kind, unit } = fieldsOf(item)
  return {
    id: number(id), service: textOf(service), instance: textOf(instance), name: textOf(name), unit: textOf(unit),
    kind: kind === 'counter' || kind === 'histogram' ? kind : 'gauge',
    labels: textsOf(labels),
  }
}

/** What is null has no value. */
function number(value: unknown): number {
  return value === null || value === undefined || value === '' ? Number.NaN : Number(value)
}

function ns(value: unknown): bigint | null {
  return typeof value === 'string' && /^-?\d{1,20}$/.test(value) ? BigInt(value) : null
}
