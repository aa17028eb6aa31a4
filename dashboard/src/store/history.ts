// Reads what is older than the stream over HTTP, at the resolution of the screen, and puts it before the streamed rows.
import { fieldsOf } from '../wire/http'
import { HISTORY_GAP_STEPS, ROW_BREAK, ROW_CONFLATED, type Column, type HistoryRows } from './column'
import type { LiveStore, Subscription } from './liveStore'
import { readBuckets, type BucketRow, type HistogramHistory } from './histogramHistory'
import { percentilesOver, SLIDING_MS } from './percentiles'
import { questionsOf, type Question } from './questions'
import { parseSelector } from './selector'
import type { LiveSeries } from './series'

/** Steps within a window: about one for each pixel. */
const STEPS_PER_WINDOW = 1200
const STEPS_MS = [
  20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000, 60_000, 120_000, 300_000, 600_000, 1_200_000, 3_600_000,
] as const
/** Steps of histograms: each divides the next one, the slices of a heat map, and the seconds and minutes that an aggregator keeps. */
const BUCKET_STEPS_MS = [10, 50, 100, 500, 1000, 5000, 10_000, 60_000, 300_000, 600_000, 3_600_000] as const
/** Histograms of all lines together: the more lines there are, the coarser the steps. */
const BUCKET_STEPS_MAX = 4800
const BUCKET_STEPS_MIN = 100
/** After an answer that was too long, the next question asks for this many times fewer steps. */
const COARSER = 4
/** Also read on both sides of the window, so that a drag has something to show. */
const PAD = 0.5
/** The view must have stood still this long: a drag asks once, not sixty times a second. */
const STILL_MS = 150
/** A part that could not be read is asked for again after this. */
const RETRY_MS = 2000
const ASKED_MAX = 1000
/** Steps of all series of a question together: the more series there are, the coarser their steps. */
const SERIES_STEPS_MAX = 600_000
const SERIES_STEPS_MIN = 100
const NONE: ReadonlySet<LiveSeries> = new Set()

export type HistoryView = { readonly leftMs: number, readonly rightMs: number, readonly version: number }

/** Histograms that the aggregators merge: what is before the stream is read into `history`, and its percentiles into the columns. */
export type PercentileTarget = {
  readonly selector: string
  readonly columns: readonly Column[]
  readonly history: HistogramHistory
  /** Columns that an instance fills at every push, requests or not. */
  readonly pulses: readonly Column[]
}

type Ask = (aggregator: number, path: string) => Promise<unknown>
type Range = { readonly fromMs: number, readonly toMs: number, readonly stepMs: number }

/** Checks a few times a second whether the view shows a time that was not read yet, and asks for it once the view stands still. */
export class History {
  /** Something is being read. */
  loading = 0
  readonly #store: LiveStore
  readonly #ask: Ask
  readonly #originNs: bigint
  readonly #askedMs = new Map<string, number>()
  readonly #coarser = new Map<string, number>()
  #percentiles: readonly PercentileTarget[] = []
  #undrawn: ReadonlySet<LiveSeries> = NONE
  #version = -1
  #stillSinceMs = 0

  constructor(store: LiveStore, originNs: bigint, ask: Ask) {
    this.#store = store
    this.#originNs = originNs
    this.#ask = ask
  }

  /** What the open page draws as percentiles, and the series that it asked for and does not draw, because they are too many. */
  draw(percentiles: readonly PercentileTarget[], undrawn: ReadonlySet<LiveSeries> = NONE): void {
    this.#percentiles = percentiles
    this.#undrawn = undrawn
  }

  /** `nowMs`: any steady clock. */
  look(view: HistoryView, nowMs: number): void {
    if (view.version !== this.#version) {
      this.#version = view.version
      this.#stillSinceMs = nowMs
      return
    }
    if (nowMs - this.#stillSinceMs < STILL_MS || this.loading > 0) return
    for (const aggregator of this.#store.aggregators) {
      if (aggregator.phase.kind !== 'open') continue
      for (const subscription of this.#store.subscriptions) {
        if (subscription.charted !== true) continue
        const matching = [...aggregator.series].filter(one => subscription.matches(one))
        const series = matching.filter(one => !this.#undrawn.has(one))
        const stepsMax = Math.max(SERIES_STEPS_MIN, Math.min(STEPS_PER_WINDOW, SERIES_STEPS_MAX / Math.max(1, series.length)))
        this.#lookAt(aggregator.index, subscription, series, matching.length, view, rangeFor(view, STEPS_MS, stepsMax), nowMs)
      }
    }
    // Percentiles last: the other columns tell whether an instance was there.
    if (this.loading === 0) this.#lookAtPercentiles(view, nowMs)
  }

  #lookAtPercentiles(view: HistoryView, nowMs: number): void {
    const share = BUCKET_STEPS_MAX / Math.max(1, this.#percentiles.length)
    const stepsMax = Math.max(BUCKET_STEPS_MIN, Math.min(STEPS_PER_WINDOW, share))
    for (const target of this.#percentiles) {
      const range = rangeFor(view, BUCKET_STEPS_MS, stepsMax / (this.#coarser.get(target.selector) ?? 1))
      const [first] = target.columns
      const lacking = (first !== undefined && lacks(first, view, range.stepMs))
        || target.history.lacks(view.leftMs, view.rightMs, range.stepMs)
      if (!lacking || !this.#mayAsk(`p:${target.selector}`, range, nowMs)) continue
      const liveFromMs = Math.max(first?.liveFromMs ?? Number.NEGATIVE_INFINITY, wholeSecondFrom(target))
      void this.#during(this.#readPercentiles(target, endingAt(range, liveFromMs)))
    }
  }

  #lookAt(
    aggregator: number, subscription: Subscription, series: readonly LiveSeries[], matching: number, view: HistoryView, range: Range,
    nowMs: number,
  ): void {
    const lacking = new Set(series.filter(one => one.column !== null && lacks(one.column, view, range.stepMs)))
    if (lacking.size === 0 || series.some(one => one.column === null) || !this.#mayAsk(`${aggregator}:${subscription.selector}`, range, nowMs)) return
    const toMs = [...lacking].reduce((to, { column }) => Math.max(to, endingAt(range, column!.liveFromMs).toMs), range.fromMs)
    const parsed = parseSelector(subscription.selector)
    const questions = parsed.ok ? questionsOf(parsed.selector, series, matching) : [{ selector: subscription.selector, series }]
    void this.#during(this.#readAll(aggregator, questions, lacking, { ...range, toMs }))
  }

  /** One after the other, so that one page does not occupy the aggregator. */
  async #readAll(aggregator: number, questions: readonly Question[], lacking: ReadonlySet<LiveSeries>, range: Range): Promise<void> {
    for (const { selector, series } of questions) {
      const wanted = series.filter(one => lacking.has(one))
      if (wanted.length > 0) await this.#readScalars(aggregator, selector, wanted, range)
    }
  }

  /** The same question is not asked again at once, whatever the answer was. */
  #mayAsk(what: string, range: Range, nowMs: number): boolean {
    const key = `${what}/${range.fromMs}/${range.toMs}/${range.stepMs}`
    const askedMs = this.#askedMs.get(key)
    if (askedMs !== undefined && nowMs - askedMs < RETRY_MS) return false
    if (this.#askedMs.size >= ASKED_MAX) this.#askedMs.clear()
    this.#askedMs.set(key, nowMs)
    return true
  }

  async #during(work: Promise<void>): Promise<void> {
    this.loading++
    try {
      await work
    } finally {
      this.loading--
    }
  }

  async #readScalars(aggregator: number, selector: string, series: readonly LiveSeries[], range: Range): Promise<void> {
    const counters = series.every(one => one.kind === 'counter')
    const [last, min, max] = await Promise.all((counters ? ['last'] : ['last', 'min', 'max']).map(aggregation => (
      this.#samples(aggregator, `&aggregation=${aggregation}`, selector, range)
    )))
    if (last === undefined || last === null) return
    const known = this.#store.aggregators[aggregator]!
    const extremes = (answer: Answer | null | undefined, id: number, fallback: readonly number[]) => answer?.get(id)?.values ?? fallback
    const wanted = new Set(series)
    for (const [id, { times, values }] of last) {
      const one = known.byId[id]
      if (one?.column == null || !wanted.delete(one)) continue
      const rows: HistoryRows = { times, values, lows: extremes(min, id, values), highs: extremes(max, id, values) }
      if (rows.lows.length === times.length && rows.highs.length === times.length) put(one.column, rows, range)
    }
    // There is nothing: that need not be asked again.
    for (const one of wanted) if (one.column !== null) put(one.column, NOTHING, range)
  }

  async #readPercentiles(target: PercentileTarget, range: Range): Promise<void> {
    const asked = this.#store.aggregators.filter(({ phase }) => phase.kind === 'open')
    const answers = await Promise.all(asked.map(async ({ index }) => (
      readBuckets(await this.#ask(index, this.#path('&merge=true&aggregation=count&buckets=true', target.selector, range)), this.#originNs)
    )))
    const rows: BucketRow[] = []
    for (const answer of answers) {
      if (answer === null) return
      if (answer.truncated && range.stepMs < BUCKET_STEPS_MS.at(-1)!) {
        this.#coarser.set(target.selector, (this.#coarser.get(target.selector) ?? 1) * COARSER)
        return
      }
      rows.push(...answer.rows)
    }
    const { history } = target
    history.replace(rows, range.fromMs, range.toMs, range.stepMs)
    const { times, lengths, values } = percentilesOver(history.rows, row => history.lengthOf(row))
    const wholeFromMs = Math.min(wholeSecondFrom(target), range.toMs)
    for (const [i, column] of target.columns.entries()) {
      if (column.liveFromMs < wholeFromMs && wholeFromMs <= column.newestMs) column.liveFromMs = wholeFromMs
      put(column, silenced(times, values[i]!, lengths, target.pulses), range)
    }
  }

  async #samples(aggregator: number, how: string, selector: string, range: Range): Promise<Answer | null> {
    const answer = await this.#ask(aggregator, this.#path(how, selector, range))
    return answer === null ? null : readAnswer(answer, this.#originNs, range.stepMs)
  }

  #path(how: string, selector: string, { fromMs, toMs, stepMs }: Range): string {
    return `/api/samples?selector=${encodeURIComponent(selector)}&from=${this.#ns(fromMs)}&to=${this.#ns(toMs)}&step=${stepMs}ms${how}`
  }

  #ns(ms: number): string {
    return (this.#originNs + BigInt(Math.round(ms)) * 1_000_000n).toString()
  }
}

type Answer = ReadonlyMap<number, { readonly times: number[], readonly values: number[] }>
const NOTHING: HistoryRows = { times: [], values: [], lows: [], highs: [] }

/** By series id; merged ones, which have none, by their place. */
export function readAnswer(answer: unknown, originNs: bigint, stepMs: number): Answer {
  const { series } = fieldsOf(answer)
  const read = new Map<number, { times: number[], values: number[] }>()
  if (!Array.isArray(series)) return read
  for (const [place, item] of series.entries()) {
    const { id, timestamps_ns: times, values } = fieldsOf(item)
    if (!Array.isArray(times) || !Array.isArray(values) || times.length !== values.length) continue
    read.set(typeof id === 'number' ? id : -1 - place, {
      times: times.map(time => Number(BigInt(String(time)) - originNs) / 1e6 + stepMs / 2),
      values: values.map(Number),
    })
  }
  return read
}

/** Whole steps around the view, so that the next question about the same place is the same question. */
export function rangeFor(
  { leftMs, rightMs }: Pick<HistoryView, 'leftMs' | 'rightMs'>, steps: readonly number[] = STEPS_MS, stepsMax = STEPS_PER_WINDOW,
): Range {
  const spanMs = rightMs - leftMs
  const stepMs = steps.find(step => step >= spanMs / stepsMax) ?? steps.at(-1)!
  return {
    fromMs: Math.floor((leftMs - PAD * spanMs) / stepMs) * stepMs, toMs: Math.ceil((rightMs + PAD * spanMs) / stepMs) * stepMs, stepMs,
  }
}

/** True when the view shows a time before the stream's rows that has not been read, or only more coarsely than the screen can show. */
function lacks(column: Column, { leftMs, rightMs }: HistoryView, stepMs: number): boolean {
  if (leftMs >= column.liveFromMs) return false
  const toMs = Math.min(rightMs, column.liveFromMs)
  return column.historyFromMs > leftMs || column.historyToMs < toMs - column.historyStepMs || column.historyStepMs > stepMs
}

/** The stream has the rest. */
function endingAt(range: Range, liveFromMs: number): Range {
  return { ...range, toMs: Math.min(range.toMs, Math.ceil(liveFromMs / range.stepMs) * range.stepMs) }
}

function put(column: Column, rows: HistoryRows, range: Range): void {
  column.replaceHistory(rows, range.fromMs, range.toMs, range.stepMs)
}

/** From here on the stream's sliding second is whole. */
function wholeSecondFrom({ history }: PercentileTarget): number {
  return history.liveFromMs + SLIDING_MS
}

/**
 * Percentile rows, and between those that stand far apart what lies there: a row without a value where instances went on but nothing
 * was requested, a gap where no instance was there. Without pulses nobody knows, and it is not called a gap.
 */
function silenced(times: readonly number[], values: readonly number[], lengths: readonly number[], pulses: readonly Column[]): HistoryRows {
  const [shownMs, shown, flags]: number[][] = [[], [], []]
  for (const [row, timeMs] of times.entries()) {
    const beforeMs = row === 0 ? timeMs : times[row - 1]!
    const heldMs = Math.max(SLIDING_MS, HISTORY_GAP_STEPS * lengths[row]!, HISTORY_GAP_STEPS * (lengths[row - 1] ?? 0))
    let flag = ROW_CONFLATED
    if (timeMs - beforeMs > heldMs) {
      const endMs = beforeMs + heldMs / 2
      if (pulses.length === 0 || pulses.some(pulse => isFilled(pulse, endMs, timeMs))) {
        shownMs!.push(endMs)
        shown!.push(Number.NaN)
        flags!.push(flag)
      } else {
        flag |= ROW_BREAK
      }
    }
    shownMs!.push(timeMs)
    shown!.push(values[row]!)
    flags!.push(flag)
  }
  return { times: shownMs!, values: shown!, lows: shown!, highs: shown!, flags: flags! }
}

/** Some row lies within, whole steps from its ends. */
function isFilled(pulse: Column, fromMs: number, toMs: number): boolean {
  const at = pulse.indexFrom(fromMs)
  return at < pulse.end && pulse.times[at]! < toMs
}
