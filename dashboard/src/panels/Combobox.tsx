import { useId, useState, type ReactNode } from 'react'

export type Option = { readonly key: string, readonly title: string, readonly hint?: string }

type ComboboxProps = {
  readonly label: string
  readonly placeholder: string
  readonly options: readonly Option[]
  readonly onPick: (key: string) => void
  /** Enter with a text that is no option. False: it cannot be used, and stays. */
  readonly onText?: (text: string) => boolean
  readonly onType?: (text: string) => void
  readonly width?: string
  readonly footer?: ReactNode
}

const SHOWN_MAX = 50

/** A text that narrows a list, by mouse and by keyboard. */
export function Combobox({ label, placeholder, options, onPick, onText, onType, width = 'w-72', footer }: ComboboxProps) {
  const id = useId()
  const [text, setText] = useState('')
  const [open, setOpen] = useState(false)
  const [chosen, setChosen] = useState(0)
  const wanted = text.trim().toLowerCase()
  const found = options.filter(option => option.title.toLowerCase().includes(wanted))
  const shown = found.slice(0, SHOWN_MAX)
  const at = Math.min(chosen, shown.length - 1)

  function close(): void {
    setText('')
    setOpen(false)
    setChosen(0)
  }

  function enter(): void {
    const exact = shown.find(option => option.title === text.trim())
    if (exact === undefined && text.includes('{') && onText?.(text.trim()) === true) {
      close()
      return
    }
    const option = exact ?? shown[at]
    if (option !== undefined) {
      onPick(option.key)
      close()
    } else if (onText?.(text.trim()) === true) {
      close()
    }
  }

  return (
    <div
      className={`relative ${width}`}
      onBlur={event => { if (!event.currentTarget.contains(event.relatedTarget)) setOpen(false) }}
    >
      <input
        type="text"
        role="combobox"
        aria-label={label}
        aria-expanded={open}
        aria-controls={`${id}-list`}
        aria-activedescendant={open && shown[at] ? `${id}-${at}` : undefined}
        aria-autocomplete="list"
        autoComplete="off"
        spellCheck={false}
        placeholder={placeholder}
        className="figures h-7 w-full rounded border border-line bg-bg px-2 text-12 text-text placeholder:text-faint"
        value={text}
        onFocus={() => setOpen(true)}
        onChange={event => {
          setText(event.target.value)
          setChosen(0)
          setOpen(true)
          onType?.(event.target.value)
        }}
        onKeyDown={event => {
          if (event.key === 'ArrowDown') setChosen(Math.min(shown.length - 1, at + 1))
          else if (event.key === 'ArrowUp') setChosen(Math.max(0, at - 1))
          else if (event.key === 'Enter') enter()
          else if (event.key === 'Escape') close()
          else return
          event.preventDefault()
        }}
      />
      <ul
        id={`${id}-list`}
        role="listbox"
        aria-label={label}
        hidden={!open}
        className="absolute top-full left-0 z-20 mt-px max-h-80 max-w-[calc(100vw-1.5rem)] min-w-full overflow-y-auto rounded border border-line bg-surface py-1"
      >
        {shown.map((option, index) => (
          <li
            key={option.key}
            id={`${id}-${index}`}
            role="option"
            aria-selected={index === at}
            className="flex cursor-pointer gap-3 px-2 py-1 text-12 aria-selected:bg-raised"
            onPointerDown={event => {
              // The input keeps the focus; the click is enough.
              event.preventDefault()
              onPick(option.key)
              close()
            }}
            onPointerMove={() => setChosen(index)}
          >
            <span className="figures truncate">{option.title}</span>
            {option.hint !== undefined && <span className="ml-auto shrink-0 text-faint">{option.hint}</span>}
          </li>
        ))}
        {shown.length === 0 && <li role="option" aria-selected="false" aria-disabled="true" className="px-2 py-1 text-12 text-muted">Nothing is named like that.</li>}
        {found.length > shown.length && (
          <li role="option" aria-selected="false" aria-disabled="true" className="px-2 py-1 text-12 text-faint">{found.length - shown.length} more: go on typing.</li>
        )}
        {footer}
      </ul>
    </div>
  )
}
