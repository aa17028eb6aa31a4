import { xOf, type Projection } from './trace'

/** What live drawing needs to remember of the last picture. */
export type LiveWindow = {
  readonly msPerPixel: number
  /** Number of the pixel column at the right edge, counted from the page's origin: shifting by whole columns is exact. */
  readonly edgeColumn: number
  readonly leftMs: number
  readonly edgeMs: number
}

export function liveWindow(edgeMs: number, spanMs: number, width: number): LiveWindow {
  const msPerPixel = spanMs / width
  const edgeColumn = Math.floor(edgeMs / msPerPixel)
  return { msPerPixel, edgeColumn, leftMs: (edgeColumn + 1 - width) * msPerPixel, edgeMs: (edgeColumn + 1) * msPerPixel }
}

/** Device pixels left of the oldest change that its line's width and joint may touch. */
const STRIP_MARGIN = 3

/** The first pixel column to draw again after a shift by `columns`, when everything from `dirtyMs` on is new. */
export function stripLeft(projection: Projection, width: number, columns: number, dirtyMs: number): number {
  const entered = width - columns
  if (dirtyMs === Number.POSITIVE_INFINITY) return entered
  const changed = Math.floor(xOf(projection, dirtyMs)) - STRIP_MARGIN
  return Math.max(0, Math.min(entered, changed))
}

/** Moves the picture to the left by whole pixels, in place. */
export function shiftLeft(context: CanvasRenderingContext2D, canvas: HTMLCanvasElement, columns: number): void {
  context.globalCompositeOperation = 'copy'
  context.drawImage(canvas, -columns, 0)
  context.globalCompositeOperation = 'source-over'
}

/** Starts drawing into [left, width): cleared, and clipped so that nothing else changes. */
export function beginStrip(context: CanvasRenderingContext2D, left: number, width: number, height: number): void {
  context.save()
  context.beginPath()
  context.rect(left, 0, width - left, height)
  context.clip()
  context.clearRect(left, 0, width - left, height)
}

const HATCH_STEP = 7

/** Diagonal lines over [fromX, toX): "there is nothing to draw here". They are tied to time, and so move with the picture. */
export function hatch(
  context: CanvasRenderingContext2D, fromX: number, toX: number, height: number, columnAtZero: number, ratio: number, colour: string,
): void {
  const step = HATCH_STEP * ratio
  const phase = ((columnAtZero % step) + step) % step
  context.save()
  context.beginPath()
  context.rect(fromX, 0, toX - fromX, height)
  context.clip()
  context.strokeStyle = colour
  context.lineWidth = ratio
  context.beginPath()
  for (let x = Math.floor((fromX - height + phase) / step) * step - phase; x < toX; x += step) {
    context.moveTo(x, height)
    context.lineTo(x + height, 0)
  }
  context.stroke()
  context.restore()
}
