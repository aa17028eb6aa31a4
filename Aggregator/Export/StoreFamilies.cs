using Observability.Aggregator.Diagnostics;
using Observability.Aggregator.Storage;

namespace Observability.Aggregator.Export;

/// <summary>The families about the store as a whole.</summary>
internal static class StoreFamilies
{
    public static void AddTo(PlatformMetrics metrics, TelemetryStore store)
    {
        metrics.Gauge("telemetry_series", "Series in memory.", () => store.SeriesCount);
        metrics.Gauge("telemetry_series_limit", "Series that memory may hold.", () => store.Options.SeriesMax);
        metrics.Gauge("telemetry_sources", "Pairs of service and instance in memory.", () => store.Sources.Count);
        metrics.Counter("telemetry_series_left_total", "Series evicted because nothing came for long, or a limit asked for room.", () => store.Catalog.EvictedSeries);
        metrics.Counter("telemetry_sources_left_total", "Sources evicted with their last series.", () => store.Catalog.EvictedSources);
        metrics.Gauge("telemetry_ring_memory_bytes", "Memory of all samples: rings, compressed history, rollups.", () => store.MemoryBytes);
        metrics.Gauge("telemetry_ring_memory_limit_bytes", "Memory that all samples together may take (Storage:MemoryBudgetBytes).", () => store.Options.MemoryBudgetBytes);
        metrics.Counter("telemetry_ring_growth_refused_total", "How often a ring was refused memory to grow.", () => store.RingGrowthsRefused);
        metrics.Counter("telemetry_history_sealed_samples_total", "Samples compressed behind the rings.", () => store.History.SealedSamples);
        metrics.Counter("telemetry_history_lost_samples_total", "Samples overwritten before they could be compressed.", () => store.History.LostSamples);
        metrics.Counter("telemetry_history_late_samples_total", "Samples older than one that their series had before.", () => store.History.LateSamples);
        metrics.Counter(
            "telemetry_history_evicted_bytes_total", "Bytes of history forgotten because the memory budget was used up.", () => store.History.EvictedBytes);
        metrics.Counter("telemetry_history_parked_rings_total", "How often an idle ring released its memory.", () => store.History.ParkedRings);
    }
}
