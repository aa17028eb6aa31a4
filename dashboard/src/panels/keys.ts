import type { Live } from '../live'
import { PAN_KEY_RATIO } from './Plot'
import type { UiState } from './uiState'
import { PAGES, type ThemeChoice } from './url'

const ZOOM_KEY = 1.25
const NEXT_THEME: Readonly<Record<ThemeChoice, ThemeChoice>> = { system: 'dark', dark: 'light', light: 'system' }
/** The digits before it open pages. */
const CHART_KEY_FIRST = PAGES.length + 1

type Key = Pick<KeyboardEvent, 'key' | 'ctrlKey' | 'metaKey' | 'altKey' | 'target'>

/** What a key does to the page. False: nothing of ours. */
export function pressKey(event: Key, live: Live, ui: UiState, charts: () => readonly string[]): boolean {
  if (event.ctrlKey || event.metaKey || event.altKey || ui.search || ui.help || isTyping(event.target)) return false
  const { viewport } = live
  const nowMs = live.loop.nowMs()
  switch (event.key) {
    case '/': ui.setSearch(true); return true
    case '?': ui.setHelp(true); return true
    case ' ':
      if (event.target instanceof Element && event.target.closest('button, select, a')) return false
      if (viewport.live) viewport.pause(live.loop.frame.edgeMs)
      else viewport.resume()
      return true
    case 'ArrowLeft': viewport.pan(-PAN_KEY_RATIO * viewport.spanMs, nowMs); return true
    case 'ArrowRight': viewport.pan(PAN_KEY_RATIO * viewport.spanMs, nowMs); return true
    case '+': case '=': viewport.zoom(1 / ZOOM_KEY, viewport.cursorMs ?? viewport.edgeMs(nowMs), nowMs); return true
    case '-': case '−': viewport.zoom(ZOOM_KEY, viewport.cursorMs ?? viewport.edgeMs(nowMs), nowMs); return true
    case 'l': case 'L': viewport.resume(); return true
    case 't': case 'T': ui.setTheme(NEXT_THEME[ui.theme]); return true
    case 'Escape':
      if (ui.large === null) return false
      ui.setLarge(null)
      return true
  }
  if (/^[1-9]$/.test(event.key)) {
    const page = PAGES[Number(event.key) - 1]
    if (page !== undefined) {
      ui.open(page)
      return true
    }
    const chart = charts()[Number(event.key) - CHART_KEY_FIRST]
    if (chart !== undefined) ui.setLarge(ui.large === chart ? null : chart)
    return chart !== undefined
  }
  return false
}

function isTyping(target: EventTarget | null): boolean {
  return target instanceof Element && target.closest('input, textarea, select') !== null
}
