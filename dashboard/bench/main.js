// One page for every painter: ?with=ours|uplot|recharts|wall&lines=N. Every frame each line gets a point, and the oldest of 600 leaves.
const parameters = new URLSearchParams(location.search)
const lines = Number(parameters.get('lines') ?? 200)
const painters = { ours: () => import('./ours.js'), uplot: () => import('./uplot.js'), recharts: () => import('./recharts.jsx'), wall: () => import('./wall.js') }

const { create } = await painters[parameters.get('with') ?? 'ours']()
const step = create(document.querySelector('#chart'), lines)
globalThis.bench = { frames: 0, painted: 0 }
const frame = () => {
  requestAnimationFrame(frame)
  globalThis.bench.frames++
  if (step(performance.now())) globalThis.bench.painted++
}
requestAnimationFrame(frame)
