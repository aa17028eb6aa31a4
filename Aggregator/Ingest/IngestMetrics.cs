using Observability.Aggregator.Diagnostics;

namespace Observability.Aggregator.Ingest;

/// <summary>Ingestion's counters, for exposition.</summary>
internal sealed class IngestMetrics(IngestCounters counters, ConnectedAgents agents, KeyUsages keys) : IPlatformFamilies
{
    private readonly DroppedTotals _dropped = new(agents);

    public void AddTo(PlatformMetrics metrics)
    {
        metrics.Gauge("telemetry_agents_connected", "Open streams of agents whose service and instance are known.", () => agents.Count);
        metrics.Gauge("telemetry_ingest_streams", "Open streams of ingestion.", () => counters.StreamsOpen);
        metrics.Counter("telemetry_ingest_batches_total", "Batches taken from streams.", () => counters.Batches);
        metrics.Counter("telemetry_samples_received_total", "Samples applied.", () => counters.Received);
        metrics.Counter(
            "telemetry_samples_rejected_total", "Samples not applied although their batch was well-formed, by reason.", "reason", RejectedByReason);
        metrics.Counter("telemetry_samples_duplicate_total", "Samples of batches that came again.", () => counters.Duplicates);
        metrics.Counter("telemetry_samples_replayed_total", "Samples that agents sent again after a restart of the aggregator.", () => counters.Replayed);
        metrics.Counter("telemetry_batches_malformed_total", "Batches of which nothing was applied.", () => counters.Malformed);
        metrics.Counter("telemetry_ingest_streams_refused_total", "Streams refused because their key had as many as it may.", () => keys.StreamsRefused);
        metrics.Counter("telemetry_ingest_conflicts_total", "Streams refused because their identity had a live owner.", () => counters.Conflicts);
        metrics.Counter("telemetry_samples_dropped_total", "Samples that agents dropped, as they report it, by reason.", "reason", _dropped.Read);
    }

    /// <summary>Those that did not occur too: a counter that begins above 0 has no increase to Prometheus.</summary>
    private IEnumerable<(string Reason, double Count)> RejectedByReason()
    {
        IReadOnlyDictionary<string, long> occurred = counters.RejectedByReason();
        for (RejectReason reason = RejectReason.None + 1; reason < RejectReason.Count; reason++)
        {
            string name = RejectTexts.Name(reason);
            yield return (name, occurred.GetValueOrDefault(name));
        }
    }
}
