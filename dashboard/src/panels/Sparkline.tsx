import { useEffect, useRef } from 'react'
import type { Line } from '../paint/lineContent'
import { Sparkline as SparklinePainter } from '../paint/sparkline'
import { useLive } from './liveContext'

/** Mounts the canvas of a small line; the painter owns it from then on. */
export function Sparkline({ name, label, line }: { readonly name: string, readonly label: string, readonly line: Line | null }) {
  const live = useLive()
  const canvas = useRef<HTMLCanvasElement>(null)
  useEffect(() => {
    if (!canvas.current?.getContext('2d')) return
    const painter = new SparklinePainter(name, canvas.current)
    painter.setLine(line)
    const remove = live.loop.add(painter)
    return () => {
      remove()
      painter.dispose()
    }
  }, [live, name, line])
  return <canvas ref={canvas} data-spark={name} className="block h-6 w-full" role="img" aria-label={label} />
}
