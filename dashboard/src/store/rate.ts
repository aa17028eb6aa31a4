// Data plane: a counter's increase per second over a sliding second, as a column.
import { Column } from './column'
import { SLIDING_MS } from './percentiles'

/** Keeps a column up to date with a counter. A smaller total is a restart of the counter: the whole of it has been added since. */
export class RateLine {
  readonly column = new Column()
  readonly #counter: Column
  #all = true

  constructor(counter: Column) {
    this.#counter = counter
  }

  invalidate(): void {
    this.#all = true
  }

  update(keptFromMs: number): void {
    this.column.settle()
    const counter = this.#counter
    const changedMs = this.#all ? Number.NEGATIVE_INFINITY : counter.dirtyFromMs
    if (changedMs === Number.POSITIVE_INFINITY) return
    if (this.#all) this.column.clear()
    else this.column.truncate(changedMs)
    this.#all = false
    let row = Math.max(counter.start + 1, counter.indexFrom(changedMs))
    if (row >= counter.end) return
    let low = Math.max(counter.start, Math.min(row - 1, counter.indexFrom(counter.times[row]! - SLIDING_MS)))
    let increase = 0
    for (let i = low + 1; i < row; i++) increase += step(counter, i)
    for (; row < counter.end; row++) {
      increase += step(counter, row)
      const timeMs = counter.times[row]!
      // At least one step stays, however far apart the samples are.
      while (low < row - 1 && counter.times[low + 1]! <= timeMs - SLIDING_MS) increase -= step(counter, ++low)
      const elapsedMs = timeMs - counter.times[low]!
      this.column.gapFloorMs = timeMs - counter.historyStepMs < counter.liveFromMs ? 2.5 * counter.historyStepMs : 0
      if (elapsedMs > 0) this.column.append(timeMs, Math.max(0, increase) * 1000 / elapsedMs, keptFromMs)
    }
  }
}

function step(counter: Column, row: number): number {
  const before = counter.values[row - 1]!
  const total = counter.values[row]!
  return total >= before ? total - before : total
}
