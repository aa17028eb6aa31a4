import type { AgentStatus } from '../wire/status'

/** What is known of agents from an aggregator's status alone. Empty where that cannot be read. */
export class Agents {
  readonly #byAggregator = new Map<number, ReadonlyMap<string, AgentStatus>>()

  /** Returns the agents that were restarted since the last call. */
  set(aggregator: number, agents: readonly AgentStatus[]): AgentStatus[] {
    const restarted = agents.filter(agent => {
      const before = this.find(aggregator, agent.service, agent.instance)?.session
      return before !== undefined && agent.session !== undefined && before !== agent.session
    })
    this.#byAggregator.set(aggregator, new Map(agents.map(agent => [keyOf(agent.service, agent.instance), agent])))
    return restarted
  }

  find(aggregator: number, service: string, instance: string): AgentStatus | null {
    return this.#byAggregator.get(aggregator)?.get(keyOf(service, instance)) ?? null
  }
}

function keyOf(service: string, instance: string): string {
  return `${service}\u0000${instance}`
}
