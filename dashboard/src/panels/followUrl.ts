import type { Live } from '../live'
import { choicesOf, useUi } from './uiState'
import { readUrl, writeUrl } from './url'

/** A drag changes the view sixty times a second; browsers allow far fewer changes of the URL. */
const WRITE_EVERY_MS = 300

/** Keeps URL, choices and viewport the same: whichever changes, the others follow. */
export function followUrl(live: Live): void {
  const { viewport, store, originEpochMs } = live
  let timer: ReturnType<typeof setTimeout> | undefined
  const write = (push: boolean) => {
    clearTimeout(timer)
    timer = undefined
    const url = `${location.pathname}${writeUrl(choicesOf(useUi.getState()), location.search)}`
    if (url === `${location.pathname}${location.search}`) return
    if (push) history.pushState(null, '', url)
    else history.replaceState(null, '', url)
  }
  const read = () => {
    const choices = readUrl(location.search)
    useUi.getState().take(choices)
    viewport.setSpan(choices.windowMs)
    viewport.show(choices.atMs === null ? null : choices.atMs - originEpochMs)
  }
  viewport.onChange = () => {
    const nowMs = live.loop.nowMs()
    store.retain(nowMs - viewport.edgeMs(nowMs) + viewport.spanMs)
    const ui = useUi.getState()
    const atMs = viewport.frozenEdgeMs === null ? null : viewport.frozenEdgeMs + originEpochMs
    if (ui.windowMs !== viewport.spanMs) ui.setWindow(viewport.spanMs)
    if (ui.atMs !== atMs) ui.setAt(atMs)
  }
  read()
  useUi.subscribe((state, before) => {
    if (state.page !== before.page || state.service !== before.service) write(true)
    else timer ??= setTimeout(() => write(false), WRITE_EVERY_MS)
  })
  window.addEventListener('popstate', read)
}
