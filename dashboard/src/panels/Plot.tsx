import { useEffect, useRef, type PointerEvent } from 'react'
import { LivePlot, type PlotContent } from '../paint/livePlot'
import { useLive } from './liveContext'

type PlotProps = {
  readonly name: string
  readonly label: string
  readonly create: (name: string, canvas: HTMLCanvasElement) => PlotContent
  /** The plot is mounted, or about to go (null). */
  readonly onPlot: (plot: LivePlot | null) => void
  readonly onPointer?: (heightRatio: number) => void
  /** Leaves room for figures on the right too. */
  readonly secondAxis?: boolean
}

const DRAG_MIN_PX = 3
const ZOOM_PER_WHEEL_PX = 1.0015
const PAN_KEY_RATIO = 0.1
const CURSOR_KEY_RATIO = 0.01

/** Mounts the canvases of one chart; the painter owns them from then on. */
export function Plot({ name, label, create, onPlot, onPointer, secondAxis = false }: PlotProps) {
  const live = useLive()
  const grid = useRef<HTMLCanvasElement>(null)
  const data = useRef<HTMLCanvasElement>(null)
  const time = useRef<HTMLCanvasElement>(null)
  const cursor = useRef<HTMLCanvasElement>(null)
  const plotRef = useRef<LivePlot | null>(null)
  const drag = useRef<{ x: number, moved: boolean } | null>(null)

  useEffect(() => {
    if (!grid.current || !data.current || !time.current || !cursor.current) return
    // A browser without canvas (a test of the layout) has nothing to paint on.
    if (data.current.getContext('2d') === null) return
    const canvases = { grid: grid.current, data: data.current, time: time.current, cursor: cursor.current }
    const plot = new LivePlot(canvases, create(name, data.current))
    plotRef.current = plot
    const remove = live.loop.add(plot)
    onPlot(plot)
    return () => {
      onPlot(null)
      remove()
      plot.dispose()
      plotRef.current = null
    }
  }, [live, name, create, onPlot])

  // React's own wheel listener is passive, and a passive one cannot keep the page from scrolling.
  useEffect(() => {
    const canvas = cursor.current
    if (!canvas) return
    const onWheel = (event: WheelEvent) => {
      const anchorMs = timeAt(event)
      if (anchorMs === null) return
      event.preventDefault()
      live.viewport.zoom(ZOOM_PER_WHEEL_PX ** event.deltaY, anchorMs, live.loop.nowMs())
    }
    canvas.addEventListener('wheel', onWheel, { passive: false })
    return () => canvas.removeEventListener('wheel', onWheel)
  })

  function timeAt(event: { clientX: number }): number | null {
    const box = data.current?.getBoundingClientRect()
    const window = plotRef.current?.window
    if (!box || !window || box.width === 0) return null
    const ratio = (event.clientX - box.left) / box.width
    return window.leftMs + ratio * (window.edgeMs - window.leftMs)
  }

  function onMove(event: PointerEvent): void {
    const box = data.current?.getBoundingClientRect()
    const cursorMs = timeAt(event)
    if (!box || cursorMs === null) return
    const held = drag.current
    if (held !== null) {
      const byPx = event.clientX - held.x
      if (!held.moved && Math.abs(byPx) < DRAG_MIN_PX) return
      held.moved = true
      held.x = event.clientX
      live.viewport.pan(-byPx / box.width * live.viewport.spanMs, live.loop.nowMs())
    }
    live.viewport.setCursor(event.clientX < box.left ? null : cursorMs)
    onPointer?.(1 - (event.clientY - box.top) / box.height)
    live.readSoon()
  }

  function onLeave(): void {
    live.viewport.setCursor(null)
    onPointer?.(Number.NaN)
    live.readSoon()
  }

  function moveCursor(direction: number): void {
    const window = plotRef.current?.window
    if (!window) return
    const from = live.viewport.cursorMs ?? window.edgeMs
    const to = from + direction * CURSOR_KEY_RATIO * live.viewport.spanMs
    live.viewport.setCursor(Math.min(window.edgeMs, Math.max(window.leftMs, to)))
    live.readSoon()
  }

  const width = secondAxis ? 'w-[calc(100%-96px)]' : 'w-[calc(100%-48px)]'
  return (
    <div className="relative h-full min-h-0 w-full touch-pan-y select-none">
      <canvas ref={grid} className="absolute inset-x-0 top-0 h-[calc(100%-18px)] w-full" aria-hidden="true" />
      <canvas ref={data} data-chart={name} className={`absolute top-0 left-12 h-[calc(100%-18px)] ${width}`} aria-hidden="true" />
      <canvas ref={time} className={`absolute bottom-0 left-12 h-[18px] ${width}`} aria-hidden="true" />
      <canvas
        ref={cursor}
        data-cursor={name}
        className="absolute inset-x-0 top-0 h-[calc(100%-18px)] w-full cursor-crosshair"
        role="img"
        aria-label={`${label}. Shift with arrow keys moves the crosshair.`}
        tabIndex={0}
        onPointerDown={event => {
          if (event.button !== 0) return
          drag.current = { x: event.clientX, moved: false }
          event.currentTarget.setPointerCapture(event.pointerId)
        }}
        onPointerMove={onMove}
        onPointerUp={() => { drag.current = null }}
        onPointerCancel={() => { drag.current = null }}
        onPointerLeave={onLeave}
        onDoubleClick={() => live.viewport.resume()}
        onBlur={onLeave}
        onKeyDown={event => {
          if (!event.shiftKey || (event.key !== 'ArrowLeft' && event.key !== 'ArrowRight')) return
          event.preventDefault()
          event.stopPropagation()
          moveCursor(event.key === 'ArrowLeft' ? -1 : 1)
        }}
      />
    </div>
  )
}

export { PAN_KEY_RATIO }
