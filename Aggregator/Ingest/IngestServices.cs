using Observability.Aggregator.Storage;

namespace Observability.Aggregator.Ingest;

/// <summary>What every stream needs.</summary>
internal sealed record IngestServices(
    TelemetryStore Store, IngestShards Shards, IngestCounters Counters, ConnectedAgents Agents, IngestOptions Options, TimeProvider Time)
{
    public RejectTexts RejectTexts { get; } = new(Store.Options, Options);
}
