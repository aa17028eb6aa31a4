import { useCallback, useEffect, useMemo, useRef, useState, type ReactNode } from 'react'
import { formatCount, formatDuration, formatFixed, formatNumber, formatValue, NO_VALUE } from '../paint/format'
import type { Live } from '../live'
import { PlatformHistory } from '../store/platformHistory'
import { readPlatform, type PlatformStatus } from '../wire/status'
import { useLive, useReading } from './liveContext'
import { Button, Notice } from './Notice'
import { cell, figure, headCell, headFigure } from './table'

const READ_EVERY_MS = 1000
const AGENTS_MAX = 500

type Answer = { readonly status: PlatformStatus | null, readonly history: PlatformHistory }

/** The platform itself: every aggregator, the agents that write to it, and this page. */
export function SystemPage() {
  const live = useLive()
  const histories = useMemo(() => live.store.aggregators.map(() => new PlatformHistory()), [live])
  const [answers, setAnswers] = useState<readonly Answer[]>([])
  useEffect(() => {
    // This page streams nothing: it asks once a second.
    live.subscribe([])
    let stopped = false
    const read = async () => {
      if (live.hidden) return
      const next = await Promise.all(live.store.aggregators.map(async ({ index }): Promise<Answer> => {
        const answer = await live.getJson(index, '/api/status')
        const status = answer === null ? null : readPlatform(answer, Date.now())
        const history = histories[index]!
        if (status !== null) history.add(status, performance.now())
        return { status, history }
      }))
      if (!stopped) setAnswers(next)
    }
    void read()
    const timer = setInterval(() => void read(), READ_EVERY_MS)
    return () => {
      stopped = true
      clearInterval(timer)
    }
  }, [live, histories])

  const agents = answers.flatMap(({ status }, index) => (status?.agents ?? []).map(agent => ({ agent, aggregator: index })))
  return (
    <main className="min-h-0 flex-1 overflow-y-auto bg-surface" tabIndex={0}>
      {live.store.aggregators.map(({ index, address }) => <Node key={address} index={index} address={address} answer={answers[index]} />)}
      <Agents agents={agents} several={live.store.aggregators.length > 1} loading={answers.length === 0} />
      <ThisPage />
    </main>
  )
}

function Node({ index, address, answer }: { readonly index: number, readonly address: string, readonly answer: Answer | undefined }) {
  const live = useLive()
  const phase = useReading(useCallback((reader: Live) => {
    const state = reader.store.aggregators[index]?.phase
    return state?.kind === 'lost' ? `lost|${state.reason}` : state?.kind ?? 'connecting'
  }, [index]))
  const [kind, reason = ''] = phase.split('|')
  const status = answer?.status ?? null
  const rates = answer?.history.rates()
  return (
    <section aria-label={`Aggregator ${address}`} className="border-b border-line pb-3" data-aggregator={address} data-state={kind}>
      <h2 className="flex flex-wrap items-baseline gap-x-3 px-3 pt-2 text-12 font-semibold">
        <span className="figures">{address}</span>
        <span className={kind === 'open' ? 'text-ok' : kind === 'lost' ? 'text-bad' : 'text-warn'}>
          <span aria-hidden="true">● </span>{kind === 'open' ? status?.phase ?? 'open' : kind === 'lost' ? 'down' : kind}
        </span>
        {status !== null && (
          <span className="font-normal text-faint">
            version {status.version.split('+')[0]} · pid {status.pid} · up {formatDuration(Math.round(status.uptimeMs / 1000) * 1000)}
          </span>
        )}
        {kind === 'lost' && <span className="font-normal text-muted">{reason} <Button onClick={() => live.retry()}>Try now</Button></span>}
      </h2>
      {status === null
        ? <p className="px-3 pt-1 text-12 text-muted" role="status">{kind === 'lost' ? 'What it was doing is not known while it is down.' : 'Its status is being read.'}</p>
        : (
            <dl className="grid grid-cols-2 gap-px border-y border-line bg-line mt-2 sm:grid-cols-3 lg:grid-cols-6">
              <Fact name="ingest" value={formatCount(rates?.samplesPerSecond ?? Number.NaN)} unit="samples/s" note={`${formatCount(rates?.batchesPerSecond ?? Number.NaN)} batches/s · ${status.streams} streams`} history={answer?.history.samples} />
              <Fact name="series" value={formatCount(status.series)} unit="" note={`of ${formatCount(status.seriesMax)} · ${status.sources} sources`} />
              <Fact name="rings" value={formatValue(status.ringBytes, 'By')} unit="" note={`of ${formatValue(status.ringBytesMax, 'By')} (${formatNumber(status.ringBytes / status.ringBytesMax * 100)} %)`} />
              <Fact name="memory" value={formatValue(status.memoryBytes, 'By')} unit="" note={`heap ${formatValue(status.heapBytes, 'By')}`} history={answer?.history.memory} />
              <Fact name="processor" value={formatFixed((rates?.cores ?? Number.NaN) * 100, 0)} unit="% of a core" note={`${formatDuration(status.cpuSeconds * 1000)} since it started`} history={answer?.history.cores} />
              <Fact name="live clients" value={formatCount(status.clients)} unit="" note={`${formatValue(rates?.bytesPerSecond ?? Number.NaN, 'By')}/s · ${formatCount(rates?.framesPerSecond ?? Number.NaN)} frames/s`} />
              <Fact name="frame time" value={formatFixed(status.frameMsMean, 2)} unit="ms, mean" note={`longest ${formatFixed(status.frameMsMax, 1)} ms · ${formatCount(status.overruns)} overran`} />
              <Fact name="clients slowed" value={formatCount(status.slowedDown)} unit="" note={`${formatCount(status.clientsCut)} cut`} />
              <Fact name="rejected" value={formatCount(status.rejected)} unit="samples" bad={status.rejected > 0} note={reasons(status.rejectedByReason)} />
              <Fact name="malformed" value={formatCount(status.malformed)} unit="batches" bad={status.malformed > 0} note="" />
              <Fact name="repeated" value={formatCount(status.duplicates)} unit="batches" note="applied once" />
              <Fact name="replayed" value={formatCount(status.replayed)} unit="samples" note="after a restart" />
            </dl>
          )}
      {status?.conflicts.map(conflict => (
        <p key={`${conflict.service}/${conflict.instance}/${conflict.refused}`} className="px-3 pt-2 text-12 text-warn" role="status">
          {conflict.service}/{conflict.instance}: {conflict.refused} was refused, because {conflict.owner} writes it.
          {' Give each process its own instance.'}
        </p>
      ))}
    </section>
  )
}

function reasons(counts: Readonly<Record<string, number>>): string {
  return Object.entries(counts).filter(([, count]) => count > 0).map(([reason, count]) => `${reason} ${formatCount(count)}`).join(', ')
}

type FactProps = {
  readonly name: string
  readonly value: string
  readonly unit: string
  readonly note: string
  readonly bad?: boolean
  readonly history?: readonly number[] | undefined
}

function Fact({ name, value, unit, note, bad = false, history }: FactProps) {
  return (
    <div className="min-w-0 bg-surface px-3 py-1.5">
      <dt className="text-11 text-faint">{name}</dt>
      <dd className="flex items-baseline gap-1">
        <span className={`figures text-14 ${bad ? 'text-bad' : ''}`} data-fact={name}>{value}</span>
        <span className="text-11 text-faint">{unit}</span>
      </dd>
      <dd className="flex items-center gap-2 text-11 text-muted">
        <span className="sm:truncate" title={note}>{note || '\u00a0'}</span>
        {history !== undefined && <Trend values={history} label={`${name} of the last minutes`} />}
      </dd>
    </div>
  )
}

const TREND_WIDTH = 64
const TREND_HEIGHT = 16

/** A point a second: little enough for the document itself. */
function Trend({ values, label }: { readonly values: readonly number[], readonly label: string }) {
  const max = Math.max(...values, 1e-9)
  const points = values.map((value, i) => `${(TREND_WIDTH * i / Math.max(1, values.length - 1)).toFixed(1)},${(TREND_HEIGHT - 1 - value / max * (TREND_HEIGHT - 2)).toFixed(1)}`)
  return (
    <svg width={TREND_WIDTH} height={TREND_HEIGHT} className="ml-auto shrink-0" role="img" aria-label={label}>
      <polyline points={points.join(' ')} fill="none" stroke="var(--series-2)" strokeWidth="1" />
    </svg>
  )
}

type AgentsProps = {
  readonly agents: readonly { readonly agent: PlatformStatus['agents'][number], readonly aggregator: number }[]
  readonly several: boolean
  readonly loading: boolean
}

function Agents({ agents, several, loading }: AgentsProps): ReactNode {
  const live = useLive()
  if (agents.length === 0) return loading ? null : <div className="border-b border-line"><Notice>No agent is connected. Start one: dotnet run --project SimAgent</Notice></div>
  return (
    <section aria-label="Agents" className="overflow-x-auto border-b border-line pb-3" tabIndex={0}>
      <table className="w-full border-collapse text-12">
        <caption className="px-3 pt-2 text-left text-11 font-semibold tracking-wider text-muted uppercase">{agents.length} agents</caption>
        <thead>
          <tr className="border-b border-line">
            <th scope="col" className={headCell}>service</th>
            <th scope="col" className={headCell}>instance</th>
            {several && <th scope="col" className={headCell}>aggregator</th>}
            <th scope="col" className={headFigure} title="Samples since its session started.">recorded</th>
            <th scope="col" className={headFigure}>acknowledged</th>
            <th scope="col" className={headFigure}>pending</th>
            <th scope="col" className={headFigure}>dropped</th>
            <th scope="col" className={headCell} title="Recorded = acknowledged + dropped + pending.">ledger</th>
            <th scope="col" className={headFigure} title="The aggregator's clock minus the agent's, as the agent estimates it.">clock offset</th>
            <th scope="col" className={headFigure}>round trip</th>
            <th scope="col" className={headFigure}>report</th>
            <th scope="col" className={headCell}>peer</th>
            <th scope="col" className={headCell}>sdk</th>
          </tr>
        </thead>
        <tbody>
          {agents.slice(0, AGENTS_MAX).map(({ agent, aggregator }) => {
            const dropped = Object.values(agent.dropped).reduce((sum, count) => sum + count, 0)
            const missing = agent.recorded - agent.acknowledged - dropped - agent.pending
            return (
              <tr key={`${aggregator}/${agent.service}/${agent.instance}`} className="border-b border-grid last:border-0 hover:bg-raised" data-agent={`${agent.service}/${agent.instance}`}>
                <td className={`${cell} max-w-64 truncate`} title={agent.service}>{agent.service}</td>
                <td className={`${cell} max-w-64 truncate`} title={agent.instance}>{agent.instance}</td>
                {several && <td className={`${cell} text-muted`}>{live.store.aggregators[aggregator]?.address}</td>}
                <td className={figure}>{formatCount(agent.recorded)}</td>
                <td className={figure}>{formatCount(agent.acknowledged)}</td>
                <td className={figure}>{formatCount(agent.pending)}</td>
                <td className={`${figure} ${dropped > 0 ? 'text-bad' : ''}`} title={reasons(agent.dropped)}>{formatCount(dropped)}</td>
                <td className={cell}>{agent.sdk === '' ? NO_VALUE : missing === 0 ? <span className="text-ok">adds up</span> : <span className="text-bad">{formatCount(missing)} missing</span>}</td>
                <td className={figure}>{formatValue(agent.clockOffsetMs, 'ms')}</td>
                <td className={figure}>{formatValue(agent.roundTripMs, 'ms')}</td>
                <td className={figure}>{Number.isNaN(agent.reportAgeMs) ? NO_VALUE : `${formatDuration(Math.max(0, Math.round(agent.reportAgeMs / 1000) * 1000))} ago`}</td>
                <td className={`${cell} figures text-muted`}>{agent.peer}</td>
                <td className={`${cell} text-muted`}>{agent.sdk}</td>
              </tr>
            )
          })}
        </tbody>
      </table>
      {agents.length > AGENTS_MAX && <p className="px-3 py-2 text-12 text-faint">{agents.length - AGENTS_MAX} more agents are not listed.</p>}
    </section>
  )
}

/** This browser's own part: what it paints, and what that costs. */
function ThisPage() {
  const last = useRef({ frames: 0, scriptMs: 0, perFrame: Number.NaN, atMs: 0 })
  const text = useReading(useCallback((live: Live) => {
    const { loop, store } = live
    const now = performance.now()
    const before = last.current
    if (now - before.atMs > 1000) {
      const frames = loop.paintedFrames - before.frames
      const perFrame = frames === 0 ? before.perFrame : (loop.scriptMs - before.scriptMs) / frames
      last.current = { frames: loop.paintedFrames, scriptMs: loop.scriptMs, atMs: now, perFrame }
    }
    const series = [...store.series()]
    const memory = (performance as { memory?: { usedJSHeapSize: number } }).memory?.usedJSHeapSize ?? Number.NaN
    return [
      formatNumber(last.current.perFrame), formatCount(loop.paintedFrames), formatCount(series.length), formatValue(memory, 'By'),
      formatCount(store.aggregators.reduce((sum, one) => sum + one.samples, 0)),
      formatCount(store.aggregators.reduce((sum, one) => sum + one.overwrittenSamples, 0)),
      store.problems.at(-1)?.message ?? '',
    ].join('\u0000')
  }, []))
  const [script = '', frames = '', series = '', heap = '', samples = '', missed = '', problem = ''] = text.split('\u0000')
  return (
    <section aria-label="This page" className="pb-3">
      <h2 className="px-3 pt-2 text-11 font-semibold tracking-wider text-muted uppercase">This page</h2>
      <dl className="mt-2 grid grid-cols-2 gap-px border-y border-line bg-line sm:grid-cols-3 lg:grid-cols-6">
        <Fact name="script per frame" value={script} unit="ms" note="of painted frames" />
        <Fact name="frames painted" value={frames} unit="" note="since it was opened" />
        <Fact name="series held" value={series} unit="" note="" />
        <Fact name="heap" value={heap} unit="" note="as the browser reports it" />
        <Fact name="samples received" value={samples} unit="" note="" />
        <Fact name="samples missed" value={missed} unit="" note="overwritten before they were framed" />
      </dl>
      {problem !== '' && <p className="px-3 pt-2 text-12 text-warn" role="status">{problem}</p>}
    </section>
  )
}
