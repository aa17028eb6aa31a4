// The colours of charts come from the same CSS variables as everything else; this reads them when the theme changes.

export const SERIES_COLOURS = 10
const HEAT_STOPS = 8
export const HEAT_LEVELS = 64

export type PaintTheme = {
  readonly surface: string
  readonly grid: string
  readonly line: string
  readonly text: string
  readonly textMuted: string
  readonly textFaint: string
  readonly accent: string
  readonly warn: string
  readonly hatch: string
  readonly series: readonly string[]
  /** From empty to most; `HEAT_LEVELS` entries. */
  readonly heat: readonly string[]
  readonly font: string
}

export function readTheme(style: { getPropertyValue(name: string): string }): PaintTheme {
  const token = (name: string) => style.getPropertyValue(`--${name}`).trim()
  return {
    surface: token('surface'),
    grid: token('grid'),
    line: token('line'),
    text: token('text'),
    textMuted: token('text-muted'),
    textFaint: token('text-faint'),
    accent: token('accent'),
    warn: token('warn'),
    hatch: token('hatch'),
    series: Array.from({ length: SERIES_COLOURS }, (_, i) => token(`series-${i + 1}`)),
    heat: heatScale(Array.from({ length: HEAT_STOPS }, (_, i) => token(`heat-${i + 1}`))),
    font: token('font-figures') || 'monospace',
  }
}

/** Straight lines between the stops, which are close enough for the scale to stay even. */
export function heatScale(stops: readonly string[]): string[] {
  const colours = stops.map(parseHex)
  return Array.from({ length: HEAT_LEVELS }, (_, level) => {
    const position = (level / (HEAT_LEVELS - 1)) * (colours.length - 1)
    const index = Math.min(colours.length - 2, Math.floor(position))
    const from = colours[index]!
    const to = colours[index + 1]!
    const mix = (channel: 0 | 1 | 2) => Math.round(from[channel] + (to[channel] - from[channel]) * (position - index))
    return `rgb(${mix(0)},${mix(1)},${mix(2)})`
  })
}

function parseHex(colour: string): readonly [number, number, number] {
  const value = Number.parseInt(colour.replace('#', ''), 16)
  return Number.isNaN(value) ? [128, 128, 128] : [value >> 16 & 255, value >> 8 & 255, value & 255]
}
