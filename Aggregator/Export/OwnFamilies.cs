using Observability.Aggregator.Diagnostics;
using Observability.Aggregator.Storage;

namespace Observability.Aggregator.Export;

/// <summary>The families about what the store holds.</summary>
internal static class OwnFamilies
{
    public const string Latency = "telemetry_latency_seconds";
    public const string LatencyBucket = "telemetry_latency_seconds_bucket";

    public static readonly double[] Quantiles = [0.5, 0.9, 0.95, 0.99];

    private const string Samples = "telemetry_samples_total";
    private const string BufferSize = "telemetry_buffer_size";
    private const string BufferCapacity = "telemetry_buffer_capacity";
    private const string Series = "telemetry_series";
    private const string Sources = "telemetry_sources";
    private const string RingBytes = "telemetry_ring_memory_bytes";
    private const string RingRefused = "telemetry_ring_growth_refused_total";
    private const string Overwritten = "telemetry_export_overwritten_histograms_total";
    private const string LeftOut = "telemetry_export_left_out_series";
    private const string Renamed = "telemetry_export_renamed_series";

    /// <summary>Names that no agent's metric gets.</summary>
    public static readonly string[] Names =
    [
        Latency, LatencyBucket, Latency + "_sum", Latency + "_count",
        Samples, BufferSize, BufferCapacity, Series, Sources, RingBytes, RingRefused, Overwritten, LeftOut, Renamed,
    ];

    public static IEnumerable<OwnMetric> Of(TelemetryStore store, ExportCatalog catalog, long overwritten)
    {
        Source[] sources = [.. store.Sources];
        yield return new OwnMetric(
            Samples, OwnMetricType.Counter, "Samples applied, by the source that sent them.",
            [.. sources.Select(source => new OwnMetric.Point(source.Received, [("service", source.Service), ("instance", source.Instance)]))]);
        var size = new SortedDictionary<string, (long Held, long Capacity)>(StringComparer.Ordinal);
        foreach (Series series in store.AllSeries)
        {
            (long held, long capacity) = size.GetValueOrDefault(series.Name);
            size[series.Name] = (held + long.Min(series.Head, series.Capacity), capacity + series.Capacity);
        }
        yield return new OwnMetric(
            BufferSize, OwnMetricType.Gauge, "Samples that the rings of a metric hold.",
            [.. size.Select(metric => new OwnMetric.Point(metric.Value.Held, [("metric", metric.Key)]))]);
        yield return new OwnMetric(
            BufferCapacity, OwnMetricType.Gauge, "Samples that the rings of a metric can hold at their present size.",
            [.. size.Select(metric => new OwnMetric.Point(metric.Value.Capacity, [("metric", metric.Key)]))]);
        yield return OwnMetric.Gauge(Series, "Series in memory.", store.SeriesCount);
        yield return OwnMetric.Gauge(Sources, "Pairs of service and instance in memory.", sources.Length);
        yield return OwnMetric.Gauge(RingBytes, "Memory of all rings.", store.RingBytes);
        yield return OwnMetric.Counter(RingRefused, "How often a ring was refused memory to grow.", store.RingGrowthsRefused);
        yield return OwnMetric.Counter(Overwritten, "Histograms overwritten before they were added to their totals here.", overwritten);
        yield return new OwnMetric(
            LeftOut, OwnMetricType.Gauge, "Series of agents that are not exposed here, by reason.",
            [new OwnMetric.Point(catalog.Refused, [("reason", "limit")]), new OwnMetric.Point(catalog.Duplicates, [("reason", "duplicate")])]);
        yield return OwnMetric.Gauge(Renamed, "Series whose name carries their kind, because another kind has the name.", catalog.Renamed);
    }
}
