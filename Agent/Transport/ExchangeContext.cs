using Observability.Agent.Batching;
using Observability.Agent.Recording;

namespace Observability.Agent.Transport;

/// <summary>What the streams of one agent share.</summary>
internal sealed record ExchangeContext(
    AgentIdentity Identity, InstrumentRegistry Registry, BatchLog Log, LedgerBook Ledger, AgentClock Clock, TimeSpan AckTimeout)
{
    public ClockEstimate Estimate { get; } = new();

    public RefusedBatchPolicy RefusedBatches { get; } = new();

    /// <summary>Set when there may be something to send.</summary>
    public Signal Wake { get; } = new();
}
