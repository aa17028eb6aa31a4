import { useState, type ReactNode } from 'react'
import { parseSelector } from '../store/selector'
import { CONDITIONS, MEASURES, type RuleStatus } from '../wire/triggers'
import { useLive } from './liveContext'
import { Button } from './Notice'

const input = 'h-7 rounded border border-line bg-bg px-2 text-12 text-text'

type RuleFormProps = {
  readonly edited: RuleStatus | null
  readonly aggregator: number
  readonly webhooks: readonly string[]
  readonly onDone: () => void
}

/** Makes or changes one rule. A refusal is shown in the aggregator's own words. */
export function RuleForm({ edited, aggregator, webhooks, onDone }: RuleFormProps) {
  const live = useLive()
  const [rule, setRule] = useState<Record<string, unknown>>({ ...edited?.rule })
  const [problem, setProblem] = useState('')
  const set = (name: string, value: unknown) => setRule(before => ({ ...before, [name]: value }))
  const text = (name: string, whenAbsent = '') => {
    const value = rule[name]
    return typeof value === 'string' || typeof value === 'number' ? String(value) : whenAbsent
  }
  const numberField = (name: string, label: string, placeholder: string) => (
    <Field label={label}>
      <input
        className={`${input} figures w-24`} inputMode="decimal" placeholder={placeholder} value={text(name)}
        onChange={({ target }) => set(name, target.value)}
      />
    </Field>
  )

  async function save(): Promise<void> {
    const checked = bodyOf(rule)
    if (typeof checked === 'string') {
      setProblem(checked)
      return
    }
    const refused = edited === null
      ? await live.change(aggregator, 'POST', '/api/triggers', checked)
      : await live.change(aggregator, 'PUT', `/api/triggers/${encodeURIComponent(edited.id)}`, checked)
    if (refused === '') onDone()
    else setProblem(refused)
  }

  return (
    <form
      aria-label={edited === null ? 'A new rule' : `Change ${edited.rule.name}`}
      className="m-3 flex flex-wrap items-end gap-3 rounded border border-line bg-raised p-3"
      onSubmit={event => {
        event.preventDefault()
        void save()
      }}
    >
      <Field label="name"><input className={`${input} w-56`} value={text('name')} onChange={({ target }) => set('name', target.value)} /></Field>
      <Field label="series">
        <input
          className={`${input} figures w-96 max-w-[80vw]`} placeholder={'latency_p99{service="checkout"}'} spellCheck={false} value={text('selector')}
          onChange={({ target }) => set('selector', target.value)}
        />
      </Field>
      <Field label="measure">
        <select className={input} value={text('measure', 'value')} onChange={({ target }) => set('measure', target.value)}>
          {MEASURES.map(one => <option key={one}>{one}</option>)}
        </select>
      </Field>
      <Field label="is">
        <select className={`${input} figures`} value={text('condition', '>')} onChange={({ target }) => set('condition', target.value)}>
          {CONDITIONS.map(one => <option key={one}>{one}</option>)}
        </select>
      </Field>
      {numberField('threshold', 'threshold', '250')}
      {numberField('for_ms', 'for, ms', '0')}
      {text('measure') === 'rate' && numberField('over_ms', 'over, ms', '0')}
      {numberField('clear_threshold', 'ends at', 'threshold')}
      {numberField('before_ms', 'keep before, ms', '5000')}
      {numberField('after_ms', 'and after, ms', '5000')}
      {webhooks.length > 0 && (
        <Field label="notify">
          <select className={input} value={text('webhook')} onChange={({ target }) => set('webhook', target.value)}>
            <option value="">nobody</option>
            {webhooks.map(one => <option key={one}>{one}</option>)}
          </select>
        </Field>
      )}
      <div className="flex gap-2">
        <Button onClick={() => void save()}>{edited === null ? 'Set the rule' : 'Change it'}</Button>
        <Button onClick={onDone}>Cancel</Button>
      </div>
      {problem !== '' && <p className="w-full text-12 text-bad" role="alert">{problem}</p>}
    </form>
  )
}

function Field({ label, children }: { readonly label: string, readonly children: ReactNode }) {
  return <label className="flex flex-col gap-1 text-11 text-muted">{label}{children}</label>
}

/** The rule to send, or, in words, what is missing. The aggregator checks everything else. */
export function bodyOf(rule: Readonly<Record<string, unknown>>): Record<string, unknown> | string {
  const name = rule['name']
  const selector = parseSelector(typeof rule['selector'] === 'string' ? rule['selector'] : '')
  if (typeof name !== 'string' || name.trim() === '') return 'Give the rule a name.'
  if (!selector.ok) return `Cannot use the selector. ${selector.error}`
  const body: Record<string, unknown> = {}
  for (const [field, value] of Object.entries(rule)) {
    if (value === '' || value === null) continue
    const text = typeof value === 'string' ? value : ''
    const isNumber = typeof value === 'string' && (field.endsWith('_ms') || field.endsWith('threshold'))
    const parsed = isNumber ? Number(value.replace(',', '.')) : value
    if (Number.isNaN(parsed)) return `“${text}” is no number.`
    body[field] = parsed
  }
  return body['threshold'] === undefined ? 'Give the rule a threshold.' : body
}
