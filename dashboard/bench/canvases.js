/** The four canvases of a plot, as the page lays them out. */
export function canvasesIn(box) {
  const make = (left, width, top, height) => {
    const canvas = document.createElement('canvas')
    canvas.style.cssText = `left:${left}px;width:${width}px;top:${top}px;height:${height}px`
    box.append(canvas)
    return canvas
  }
  return { grid: make(0, 1200, 0, 480), data: make(48, 1152, 0, 480), time: make(48, 1152, 480, 18), cursor: make(0, 1200, 0, 480) }
}

const VIRIDIS = ['#440154', '#46327e', '#365c8d', '#277f8e', '#1fa187', '#4ac16d', '#a0da39', '#fde725']
const SERIES = ['#e69f00', '#56b4e9', '#20b489', '#f0e442', '#4b8fe0', '#f0652f', '#d98cb5', '#c3ced9', '#b09a6d', '#9d8cf0']

export function frameOf(readTheme, spanMs) {
  const tokens = {
    surface: '#0f151c', grid: '#1b2530', line: '#2a3643', text: '#e8eef4', 'text-muted': '#a8b6c4', 'text-faint': '#8090a0', accent: '#56b4e9',
    warn: '#e6a11a', hatch: '#2b3744', 'font-figures': 'monospace',
  }
  SERIES.forEach((colour, i) => { tokens[`series-${i + 1}`] = colour })
  VIRIDIS.forEach((colour, i) => { tokens[`heat-${i + 1}`] = colour })
  const theme = readTheme({ getPropertyValue: name => tokens[name.slice(2)] ?? '' })
  return {
    nowMs: 0, edgeMs: 0, spanMs, live: true, lost: false, cursorMs: null, cursorVersion: 0, viewVersion: 0, storeVersion: 0, theme, themeVersion: 1,
    originEpochMs: Date.now(), events: [], eventAt: () => null, gapReason: () => null,
  }
}
