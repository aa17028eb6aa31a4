// A drawing context that records its calls, for the tests of this folder.

export type Call = readonly [name: string, ...args: (number | string)[]]

const NOTED = [
  'moveTo', 'lineTo', 'beginPath', 'closePath', 'stroke', 'fill', 'fillRect', 'clearRect', 'rect', 'clip', 'save', 'restore', 'drawImage', 'fillText',
  'arc',
] as const

export class Recording {
  readonly calls: Call[] = []
  readonly context: CanvasRenderingContext2D

  constructor() {
    const state: Record<string, unknown> = {}
    for (const name of NOTED) {
      state[name] = (...args: unknown[]) => {
        const noted = args.map(arg => (typeof arg === 'number' || typeof arg === 'string' ? arg : 'object'))
        this.calls.push([name, ...noted])
      }
    }
    this.context = state as unknown as CanvasRenderingContext2D
  }

  of(name: string): Call[] {
    return this.calls.filter(call => call[0] === name)
  }

  take(): Call[] {
    return this.calls.splice(0)
  }
}

export type RecordedCanvas = HTMLCanvasElement & { readonly recording: Recording }

/** A canvas of that many CSS pixels. */
export function recordedCanvas(width: number, height: number): RecordedCanvas {
  const recording = new Recording()
  const canvas = { clientWidth: width, clientHeight: height, width: 0, height: 0, recording, getContext: () => recording.context }
  return canvas as unknown as RecordedCanvas
}
