/** What only the status of an aggregator tells of an agent. */
export type AgentStatus = { readonly service: string, readonly instance: string, readonly lost: number }

/** Filled from `/api/status`, every few seconds; empty where that cannot be read. */
export class Agents {
  readonly #byAggregator = new Map<number, ReadonlyMap<string, AgentStatus>>()

  set(aggregator: number, agents: readonly AgentStatus[]): void {
    this.#byAggregator.set(aggregator, new Map(agents.map(agent => [`${agent.service}\u0000${agent.instance}`, agent])))
  }

  find(aggregator: number, service: string, instance: string): AgentStatus | null {
    return this.#byAggregator.get(aggregator)?.get(`${service}\u0000${instance}`) ?? null
  }
}
