using System.Text;
using Prometheus;

namespace Observability.Aggregator.Export;

/// <summary>The latency of each service: a summary, and its buckets as a family of their own. Used under the exporter's lock.</summary>
internal sealed class LatencyFamilies(int servicesMax)
{
    public const string Summary = "telemetry_latency_seconds";
    public const string Buckets = "telemetry_latency_seconds_bucket";

    private const string SummaryHelp = "Latency of requests: quantiles of the last minute, totals since the aggregator started.";
    private const string BucketsHelp = "Requests by latency, cumulative over le, for histogram_quantile().";

    private static readonly double[] Quantiles = [0.5, 0.9, 0.95, 0.99];
    private static readonly byte[][] SummaryHeads = Heads(Summary, FamilyType.Summary, SummaryHelp);
    private static readonly byte[][] BucketsHeads = Heads(Buckets, FamilyType.Untyped, BucketsHelp);

    private readonly Dictionary<string, Entry> _byService = new(StringComparer.Ordinal);
    private readonly List<Entry> _all = [];
    private readonly double[] _values = new double[Quantiles.Length];

    /// <summary>Null when there are too many services.</summary>
    public LatencyTotals? Of(string service)
    {
        if (!_byService.TryGetValue(service, out Entry? entry) && _all.Count < servicesMax)
        {
            entry = new Entry(service);
            _byService.Add(service, entry);
            _all.Add(entry);
        }
        return entry?.Totals;
    }

    public void EndRound(long nowNs)
    {
        foreach (Entry entry in _all)
        {
            entry.Totals.EndRound(nowNs);
        }
    }

    public void Write(in ExpositionWriter writer, long nowNs)
    {
        if (_all.Count == 0)
        {
            return;
        }
        writer.Raw(SummaryHeads[writer.IsOpenMetrics ? 1 : 0]);
        foreach (Entry entry in _all)
        {
            WriteSummary(writer, entry, nowNs);
        }
        writer.Raw(BucketsHeads[writer.IsOpenMetrics ? 1 : 0]);
        foreach (Entry entry in _all)
        {
            double total = 0;
            ReadOnlySpan<double> counts = entry.Totals.Counts;
            for (int index = 0; index < counts.Length; index++)
            {
                total += counts[index];
                writer.Bucket(entry.BucketHead, LatencyBounds.Texts[index], total);
            }
        }
    }

    private void WriteSummary(in ExpositionWriter writer, Entry entry, long nowNs)
    {
        entry.Totals.ReadQuantiles(nowNs, Quantiles, _values);
        for (int index = 0; index < _values.Length; index++)
        {
            writer.Sample(entry.QuantileHeads[index], _values[index]);
        }
        writer.Sample(entry.SumHead, entry.Totals.Sum);
        writer.Sample(entry.CountHead, entry.Totals.Count);
        if (writer.IsOpenMetrics)
        {
            writer.Sample(entry.CreatedHead, entry.Totals.CreatedNs / 1e9);
        }
    }

    private static byte[][] Heads(string name, FamilyType type, string help) =>
        [ExpositionWriter.HeadOf(name, type, help, ExpositionFormat.PrometheusText), ExpositionWriter.HeadOf(name, type, help, ExpositionFormat.OpenMetricsText)];

    private sealed class Entry(string service)
    {
        private readonly string _labels = ExpositionWriter.Labels(("service", service));

        public LatencyTotals Totals { get; } = new();

        public byte[][] QuantileHeads => field ??= [.. Quantiles.Select(one =>
            ExpositionWriter.LineHead(Summary, $"{_labels},quantile=\"{MetricNames.LabelNumber(one)}\""))];

        public byte[] SumHead => field ??= ExpositionWriter.LineHead(Summary + "_sum", _labels);

        public byte[] CountHead => field ??= ExpositionWriter.LineHead(Summary + "_count", _labels);

        public byte[] CreatedHead => field ??= ExpositionWriter.LineHead(Summary + MetricNames.CreatedSuffix, _labels);

        public byte[] BucketHead => field ??= Encoding.UTF8.GetBytes($"{Buckets}{{{_labels},le=\"");
    }
}
