import type { Live } from '../live'
import { useLive, useReading } from './liveContext'
import { StatusBadge } from './Badge'
import { useUi } from './uiState'
import { PAGES, type Page, type ThemeChoice } from './url'

const TITLES: Readonly<Record<Page, string>> = { overview: 'Overview', service: 'Service', explore: 'Explore', alerts: 'Alerts', system: 'System' }
const NEXT_THEME: Readonly<Record<ThemeChoice, ThemeChoice>> = { system: 'dark', dark: 'light', light: 'system' }
const THEME_SIGN: Readonly<Record<ThemeChoice, string>> = { system: '◐', dark: '☾', light: '☀' }

const readFiring = (live: Live) => live.firing

const iconButton = 'flex h-7 min-w-7 items-center justify-center rounded border border-transparent px-1 text-14 text-muted hover:border-line hover:text-text'

export function TopBar() {
  const page = useUi(state => state.page)
  const open = useUi(state => state.open)
  const theme = useUi(state => state.theme)
  const setTheme = useUi(state => state.setTheme)
  const setSearch = useUi(state => state.setSearch)
  const setHelp = useUi(state => state.setHelp)
  const firing = useReading(readFiring)
  return (
    <header className="flex min-h-11 flex-wrap items-center gap-x-4 gap-y-1 border-b border-line bg-surface px-3 py-1">
      <h1 className="text-14 font-semibold">Observability</h1>
      <nav aria-label="Pages" className="-mx-1 flex max-w-full gap-1 overflow-x-auto">
        {PAGES.map((target, index) => (
          <button
            key={target}
            type="button"
            aria-current={page === target ? 'page' : undefined}
            aria-keyshortcuts={String(index + 1)}
            className="rounded px-2 py-1 text-12 text-muted hover:text-text aria-[current=page]:bg-raised aria-[current=page]:text-text"
            onClick={() => open(target)}
          >
            {TITLES[target]}
            {target === 'alerts' && firing > 0 && <span className="figures ml-1 text-bad" data-firing-rules={firing}>● {firing}</span>}
          </button>
        ))}
      </nav>
      <button
        type="button"
        className="hidden h-7 w-48 items-center rounded border border-line bg-bg px-2 text-left text-12 text-faint hover:border-faint sm:flex"
        aria-keyshortcuts="/"
        onClick={() => setSearch(true)}
      >
        Search
        <kbd className="figures ml-auto text-11">/</kbd>
      </button>
      <div className="ml-auto flex max-w-full flex-wrap items-center justify-end gap-x-3">
        <StatusBadge />
        <div className="flex items-center">
          <PauseButton />
          <button
            type="button"
            className={iconButton}
            aria-keyshortcuts="T"
            aria-label={`Theme: ${theme}. Change it.`}
            title={`Theme: ${theme} (T)`}
            onClick={() => setTheme(NEXT_THEME[theme])}
          >
            {THEME_SIGN[theme]}
          </button>
          <button type="button" className={iconButton} aria-keyshortcuts="?" aria-label="Keys" title="Keys (?)" onClick={() => setHelp(true)}>?</button>
        </div>
      </div>
    </header>
  )
}

function PauseButton() {
  const live = useLive()
  const paused = useUi(state => state.atMs !== null)
  return (
    <button
      type="button"
      className={iconButton}
      aria-pressed={paused}
      aria-keyshortcuts="Space"
      aria-label={paused ? 'Back to live' : 'Pause the picture'}
      title={paused ? 'Back to live (Space)' : 'Pause the picture; data go on arriving (Space)'}
      onClick={() => (paused ? live.viewport.resume() : live.viewport.pause(live.loop.frame.edgeMs))}
    >
      {paused ? '▶' : '❚❚'}
    </button>
  )
}
