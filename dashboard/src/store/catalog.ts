import type { CatalogList, CatalogSeries, CatalogService } from '../wire/catalog'

/** The aggregators' lists of services and series, read over HTTP now and then: also of services that the page does not stream. */
export class Catalog {
  readonly #services = new Map<number, readonly CatalogService[]>()
  readonly #series = new Map<number, CatalogList>()
  version = 0
  #merged: ReadonlyMap<string, CatalogService> = new Map()
  #mergedVersion = 0

  setServices(aggregator: number, services: readonly CatalogService[]): void {
    this.#services.set(aggregator, services)
    this.version++
  }

  setSeries(aggregator: number, list: CatalogList): void {
    this.#series.set(aggregator, list)
    this.version++
  }

  /** By name, added up over the aggregators. */
  services(): ReadonlyMap<string, CatalogService> {
    if (this.#mergedVersion === this.version) return this.#merged
    const all = new Map<string, CatalogService>()
    for (const services of this.#services.values()) {
      for (const one of services) {
        const known = all.get(one.service)
        all.set(one.service, known === undefined ? one : {
          service: one.service, instances: known.instances + one.instances, live: known.live + one.live, series: known.series + one.series,
        })
      }
    }
    this.#merged = all
    this.#mergedVersion = this.version
    return all
  }

  series(): CatalogSeries[] {
    return [...this.#series.values()].flatMap(list => list.series)
  }

  /** Series that exist and are not in `series`, because a list has a limit. */
  get unlisted(): number {
    let unlisted = 0
    for (const { total, series } of this.#series.values()) unlisted += Math.max(0, total - series.length)
    return unlisted
  }
}
