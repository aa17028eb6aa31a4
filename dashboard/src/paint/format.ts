// Numbers as people read them: the unit by magnitude, three figures, never a jumping width (with tabular figures).

export type Scaled = { readonly factor: number, readonly unit: string }

const TIME: readonly (readonly [number, string])[] = [[1e-9, 'ns'], [1e-6, 'µs'], [1e-3, 'ms'], [1, 's'], [60, 'min'], [3600, 'h']]
const BYTES: readonly (readonly [number, string])[] = [[1, 'B'], [1024, 'KiB'], [1024 ** 2, 'MiB'], [1024 ** 3, 'GiB'], [1024 ** 4, 'TiB']]
const COUNT: readonly (readonly [number, string])[] = [[1, ''], [1e3, 'k'], [1e6, 'M'], [1e9, 'G'], [1e12, 'T']]
const SECONDS: Readonly<Record<string, number>> = { ns: 1e-9, us: 1e-6, 'µs': 1e-6, ms: 1e-3, s: 1, min: 60, h: 3600 }
/** Plain numbers are written out up to here: 98 765 reads faster than 98.8 k. */
const PLAIN_MAX = 100_000
const THIN_SPACE = '\u2009'
export const NO_VALUE = '–'

/** The unit that suits a value of this size. Divide by `factor`. */
export function scaleFor(unit: string, magnitude: number): Scaled {
  const size = Math.abs(magnitude)
  if (size === 0 && unit !== '%') return { factor: 1, unit: unitName(unit) }
  const seconds = SECONDS[unit]
  if (seconds !== undefined) {
    const [factor, name] = largest(TIME, size * seconds)
    return { factor: factor / seconds, unit: name }
  }
  if (unit === 'By' || unit === 'bytes') {
    const [factor, name] = largest(BYTES, size)
    return { factor, unit: name }
  }
  if (unit === '%') return { factor: 0.01, unit: '%' }
  const [factor, prefix] = size < PLAIN_MAX ? [1, ''] as const : largest(COUNT, size)
  return { factor, unit: prefix + unitName(unit) }
}

/** UCUM to what people write: `1` is nothing, `{request}` is an annotation. */
export function unitName(unit: string): string {
  const plain = unit.replace(/\{([^}]*)\}/g, '$1')
  return plain === '1' ? '' : plain === 'By' ? 'B' : plain === 'us' ? 'µs' : plain
}

export function formatNumber(value: number): string {
  if (Number.isNaN(value)) return NO_VALUE
  if (!Number.isFinite(value)) return value > 0 ? '∞' : '−∞'
  const size = Math.abs(value)
  return formatFixed(value, size >= 99.95 ? 0 : size >= 9.995 ? 1 : 2)
}

/** Of things that are counted one by one. */
export function formatCount(value: number): string {
  return Math.abs(value) < PLAIN_MAX ? formatFixed(value, 0) : formatValue(value, '1')
}

export function formatFixed(value: number, decimals: number): string {
  if (Number.isNaN(value)) return NO_VALUE
  return signed(grouped(Math.abs(value), decimals), Number(value.toFixed(decimals)))
}

/** The value in a unit fixed from outside, so that neighbours agree. */
export function formatIn(value: number, scaled: Scaled): string {
  return formatNumber(value / scaled.factor)
}

export function formatValue(value: number, unit: string): string {
  if (!Number.isFinite(value)) return formatNumber(value)
  const scaled = scaleFor(unit, value)
  const text = formatIn(value, scaled)
  if (scaled.unit === '') return text
  // `46.0/s`: the one of `1/s` would read as another digit.
  return scaled.unit.startsWith('1/') ? `${text}${scaled.unit.slice(1)}` : `${text}${THIN_SPACE}${scaled.unit}`
}

const clock = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' })
const day = new Intl.DateTimeFormat(undefined, { month: 'short', day: 'numeric' })

export function formatClock(epochMs: number, withMilliseconds = false): string {
  const text = clock.format(epochMs)
  return withMilliseconds ? `${text}.${String(Math.floor(((epochMs % 1000) + 1000) % 1000)).padStart(3, '0')}` : text
}

export function formatDay(epochMs: number): string {
  return day.format(epochMs)
}

/** `12 s`, `4 min 10 s`: how long ago, or for how long. */
export function formatDuration(ms: number): string {
  if (ms > 0 && ms < 100) return `${Math.round(ms)} ms`
  const seconds = ms / 1000
  if (seconds < 10) return `${Number(seconds.toFixed(1))} s`
  if (seconds < 60) return `${Math.round(seconds)} s`
  const whole = Math.round(seconds)
  if (whole < 3600) return `${Math.floor(whole / 60)} min${whole % 60 === 0 ? '' : ` ${whole % 60} s`}`
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`
}

function largest(steps: readonly (readonly [number, string])[], size: number): readonly [number, string] {
  let best = steps[0]!
  for (const step of steps) {
    if (size >= step[0] * 0.9995) best = step
  }
  return best
}

function grouped(size: number, decimals: number): string {
  const [whole = '', fraction] = size.toFixed(decimals).split('.')
  const groups = whole.replace(/\B(?=(\d{3})+$)/g, THIN_SPACE)
  return fraction === undefined ? groups : `${groups}.${fraction}`
}

function signed(text: string, value: number): string {
  return value < 0 ? `−${text}` : text
}
