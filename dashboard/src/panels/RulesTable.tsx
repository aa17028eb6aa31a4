import { useState } from 'react'
import { formatCount, formatDuration, formatNumber, formatValue } from '../paint/format'
import { titleOf } from '../store/capture'
import type { RuleStatus } from '../wire/triggers'
import { useLive } from './liveContext'
import { Button, Notice } from './Notice'
import { RuleForm } from './RuleForm'
import { cell, figure, headCell, headFigure } from './table'
import type { AggregatorTriggers } from './useTriggers'

const COLOURS = { inactive: 'text-ok', pending: 'text-warn', firing: 'text-bad', disabled: 'text-faint' } as const
const WORDS = { inactive: 'quiet', pending: 'pending', firing: 'firing', disabled: 'off' } as const

type RulesTableProps = { readonly all: readonly AggregatorTriggers[], readonly onChanged: () => void }
type Edited = { readonly aggregator: number, readonly rule: RuleStatus | null }

/** The rules of all aggregators, with what they see now. */
export function RulesTable({ all, onChanged }: RulesTableProps) {
  const live = useLive()
  const [edited, setEdited] = useState<Edited | null>(null)
  const [problem, setProblem] = useState('')
  const rules = all.flatMap(({ aggregator, triggers }) => (
    (triggers?.rules ?? []).map(rule => ({ aggregator, rule, canEdit: triggers?.canEdit ?? false }))
  ))
  const several = live.store.aggregators.length > 1
  const editable = all.find(({ triggers }) => triggers?.canEdit)
  const add = editable === undefined ? null : () => setEdited({ aggregator: editable.aggregator, rule: null })

  async function remove(aggregator: number, rule: RuleStatus): Promise<void> {
    setProblem(await live.change(aggregator, 'DELETE', `/api/triggers/${encodeURIComponent(rule.id)}`))
    onChanged()
  }
  async function enable(aggregator: number, { id, rule }: RuleStatus): Promise<void> {
    setProblem(await live.change(aggregator, 'PUT', `/api/triggers/${encodeURIComponent(id)}`, { ...rule, enabled: rule['enabled'] === false }))
    onChanged()
  }

  return (
    <section aria-label="Rules" className="border-b border-line pb-2">
      <div className="flex items-center px-3 pt-2">
        <h2 className="text-11 font-semibold tracking-wider text-muted uppercase">Rules</h2>
        {add !== null && edited === null && <span className="ml-auto"><Button onClick={add}>Add a rule</Button></span>}
      </div>
      {edited !== null && (
        <RuleForm
          key={edited.rule?.id ?? 'new'}
          edited={edited.rule}
          aggregator={edited.aggregator}
          webhooks={all.find(one => one.aggregator === edited.aggregator)?.triggers?.webhooks ?? []}
          onDone={() => {
            setEdited(null)
            onChanged()
          }}
        />
      )}
      {problem !== '' && <p className="px-3 py-1 text-12 text-bad" role="alert">{problem}</p>}
      {rules.length > 0 && (
        <div className="relative overflow-x-auto" tabIndex={0}>
          <table className="w-full border-collapse text-12">
            <thead>
              <tr className="border-b border-line">
                <th scope="col" className={headCell}>state</th>
                <th scope="col" className={headCell}>name</th>
                <th scope="col" className={headCell}>fires when</th>
                {several && <th scope="col" className={headCell}>aggregator</th>}
                <th scope="col" className={headFigure}>series</th>
                <th scope="col" className={headFigure}>firing</th>
                <th scope="col" className={headFigure}>fired</th>
                <th scope="col" className={headCell}>from</th>
                <th scope="col" className={headCell}><span className="sr-only">Change</span></th>
              </tr>
            </thead>
            <tbody>
              {rules.map(({ aggregator, rule, canEdit }) => (
                <tr key={`${aggregator}/${rule.id}`} className="border-b border-grid last:border-0 hover:bg-raised" data-rule={rule.rule.name} data-state={rule.state}>
                  <td className={cell}><span className={COLOURS[rule.state]}><span aria-hidden="true">● </span>{WORDS[rule.state]}</span></td>
                  <td className={`${cell} max-w-64 truncate`} title={rule.rule.name}>{rule.rule.name}</td>
                  <td className={`${cell} figures max-w-[40rem] truncate`} title={describe(rule)}>
                    {describe(rule)}
                    {rule.problem !== '' && <span className="ml-2 text-warn">{rule.problem}</span>}
                    {rule.active.slice(0, 1).map(one => (
                      <span key={one.series.id} className="ml-2 text-muted">now {formatValue(one.value, one.series.unit)} at {titleOf(one.series)}</span>
                    ))}
                  </td>
                  {several && <td className={`${cell} text-muted`}>{live.store.aggregators[aggregator]?.address}</td>}
                  <td className={figure}>{formatCount(rule.series)}</td>
                  <td className={figure}>{formatCount(rule.firing)}</td>
                  <td className={figure}>{formatCount(rule.firingsTotal)}</td>
                  <td className={`${cell} text-muted`}>{rule.origin}</td>
                  <td className={cell}>
                    {canEdit && rule.origin === 'api' && (
                      <span className="flex gap-1">
                        <Button onClick={() => setEdited({ aggregator, rule })}>Change</Button>
                        <Button onClick={() => void enable(aggregator, rule)}>{rule.state === 'disabled' ? 'Switch on' : 'Switch off'}</Button>
                        <Button onClick={() => void remove(aggregator, rule)}>Delete</Button>
                      </span>
                    )}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {rules.length === 0 && all.length > 0 && edited === null && (
        <Notice action={add === null ? null : <Button onClick={add}>Add a rule</Button>}>
          No rule is set. A rule watches series sample by sample, and keeps the seconds around each moment at which it fires.
        </Notice>
      )}
    </section>
  )
}

/** `latency_p99{…} > 250 for 40 ms`. */
export function describe({ rule }: RuleStatus): string {
  const measure = typeof rule['measure'] === 'string' && rule['measure'] !== 'value' ? `${rule['measure']} of ` : ''
  const condition = typeof rule['condition'] === 'string' ? rule['condition'] : '>'
  const forMs = Number(rule['for_ms'] ?? 0)
  const duration = forMs > 0 ? ` for ${forMs < 1000 ? `${forMs} ms` : formatDuration(forMs)}` : ''
  return `${measure}${rule.selector} ${condition} ${formatNumber(rule.threshold)}${duration}`
}
