import type { PaintFrame } from './chart'
import type { LiveWindow } from './strip'
import type { Surface } from './surface'

const DASH_PX = 4
const FLAG_PX = 6

/** A dashed line where a connection was lost or came back, or where something was restarted. Hovering names it. */
export function paintEvents(surface: Surface, fromMs: number, window: LiveWindow, frame: PaintFrame): void {
  for (const event of frame.events) {
    paintAt(surface, event.fromMs, fromMs, window, frame)
    if (event.toMs !== event.fromMs) paintAt(surface, event.toMs, fromMs, window, frame)
  }
}

function paintAt(surface: Surface, timeMs: number, fromMs: number, window: LiveWindow, frame: PaintFrame): void {
  const { ratio, height } = surface
  if (!(timeMs >= fromMs - FLAG_PX * window.msPerPixel && timeMs <= window.edgeMs)) return
  const { context } = surface.data
  const x = Math.round((timeMs - window.leftMs) / window.msPerPixel)
  context.fillStyle = frame.theme.warn
  for (let y = 0; y < height; y += 2 * DASH_PX * ratio) context.fillRect(x, y, Math.max(1, Math.round(ratio)), DASH_PX * ratio)
  context.fillRect(x, 0, FLAG_PX * ratio, FLAG_PX * ratio)
}
