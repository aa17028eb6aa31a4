import type { Live } from '../live'
import { useUi } from './uiState'

/** Keeps the document's theme at what the user chose, or at the system's. */
export function followTheme(live: Live): void {
  const light = matchMedia('(prefers-color-scheme: light)')
  const apply = () => {
    const { theme } = useUi.getState()
    document.documentElement.dataset['theme'] = theme === 'system' ? (light.matches ? 'light' : 'dark') : theme
    live.loop.retheme()
  }
  light.addEventListener('change', apply)
  useUi.subscribe((state, before) => { if (state.theme !== before.theme) apply() })
  // Canvas text is drawn with whatever font is loaded: draw again once ours is.
  void document.fonts.ready.then(() => live.loop.retheme())
  apply()
}
