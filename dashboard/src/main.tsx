import '@fontsource-variable/inter'
import '@fontsource-variable/jetbrains-mono'
import './index.css'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { Live } from './live'
import { exposeProbe } from './paint/probe'
import { App } from './panels/App'
import { LiveContext } from './panels/liveContext'
import { followTheme } from './panels/followTheme'
import { followToken } from './panels/followToken'
import { followUrl } from './panels/followUrl'
import { aggregatorAddresses } from './wire/addresses'
import { getJson, sendJson } from './wire/http'
import { fetchStatus } from './wire/status'

const configured = import.meta.env.DEV ? import.meta.env['VITE_AGGREGATORS'] as string | undefined : undefined
const worker = new Worker(new URL('./wire/worker.ts', import.meta.url), { type: 'module', name: 'wire' })

// A message to ourselves is handled after the browser has laid out and handed over the current frame.
const afterFrame = new MessageChannel()
let afterFrameCallback: () => void = () => undefined
afterFrame.port1.onmessage = () => afterFrameCallback()

const live = new Live({
  addresses: aggregatorAddresses(configured, location.origin),
  worker: worker,
  wallClockMs: Date.now(),
  requestFrame: callback => { requestAnimationFrame(callback) },
  afterFrame: callback => {
    afterFrameCallback = callback
    afterFrame.port2.postMessage(null)
  },
  readStatus: (address, token) => fetchStatus(address, token, (url, init) => fetch(url, init)),
  getJson: (address, path, token) => getJson(address, path, token, (url, init) => fetch(url, init)),
  sendJson,
  themeStyle: () => getComputedStyle(document.documentElement),
})

followUrl(live)
followToken(live)
followTheme(live)
exposeProbe(live.loop, location.search)
document.addEventListener('visibilitychange', () => live.setHidden(document.hidden))
window.addEventListener('online', () => live.retry())
live.start()

createRoot(document.getElementById('root')!).render(
  <StrictMode>
    <LiveContext value={live}>
      <App />
    </LiveContext>
  </StrictMode>,
)
