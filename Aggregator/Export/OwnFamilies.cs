using Observability.Aggregator.Diagnostics;
using Observability.Aggregator.Storage;

namespace Observability.Aggregator.Export;

/// <summary>The families about the store as a whole, and about what is exposed of it.</summary>
internal static class OwnFamilies
{
    public static IEnumerable<OwnMetric> Of(TelemetryStore store, ExportCatalog catalog, long overwritten, long pastBytes)
    {
        yield return OwnMetric.Gauge("telemetry_series", "Series in memory.", store.SeriesCount);
        yield return OwnMetric.Gauge("telemetry_series_limit", "Series that memory may hold.", store.Options.SeriesMax);
        yield return OwnMetric.Gauge("telemetry_sources", "Pairs of service and instance in memory.", store.Sources.Count);
        yield return OwnMetric.Counter("telemetry_series_left_total", "Series that left memory because nothing came for long, or a limit asked for room.", store.LeftSeries);
        yield return OwnMetric.Counter("telemetry_sources_left_total", "Sources that left memory with their last series.", store.LeftSources);
        yield return OwnMetric.Gauge("telemetry_ring_memory_bytes", "Memory of all samples: rings, compressed history, rollups.", store.MemoryBytes);
        yield return OwnMetric.Gauge("telemetry_ring_memory_limit_bytes", "Memory that all samples together may take (Storage:MemoryBudgetBytes).", store.Options.MemoryBudgetBytes);
        yield return OwnMetric.Counter("telemetry_ring_growth_refused_total", "How often a ring was refused memory to grow.", store.RingGrowthsRefused);
        yield return OwnMetric.Counter("telemetry_history_sealed_samples_total", "Samples compressed behind the rings.", store.History.SealedSamples);
        yield return OwnMetric.Counter(
            "telemetry_history_lost_samples_total", "Samples overwritten before they could be compressed.", store.History.LostSamples);
        yield return OwnMetric.Counter(
            "telemetry_history_late_samples_total", "Samples older than one that their series had before.", store.History.LateSamples);
        yield return OwnMetric.Counter(
            "telemetry_history_evicted_bytes_total", "Bytes of history forgotten because the memory budget was used up.", store.History.EvictedBytes);
        yield return OwnMetric.Counter("telemetry_history_parked_rings_total", "How often an idle ring gave its memory back.", store.History.ParkedRings);
        yield return OwnMetric.Counter(
            "telemetry_export_overwritten_histograms_total", "Histograms overwritten before they were added to their totals here.", overwritten);
        yield return new OwnMetric(
            "telemetry_export_left_out_series", OwnMetricType.Gauge, "Series of agents that are not exposed here, by reason.",
            [
                new OwnMetric.Point(catalog.Refused, [("reason", "limit")]),
                new OwnMetric.Point(catalog.Duplicates, [("reason", "duplicate")]),
                new OwnMetric.Point(pastBytes, [("reason", "bytes")]),
            ]);
        yield return OwnMetric.Gauge(
            "telemetry_export_renamed_series", "Series whose name carries their kind or a mark, because another has the name.", catalog.Renamed);
    }
}
