using Google.Protobuf.Collections;
using Observability.Protocol.V1;

namespace Observability.Aggregator.Tests.Ingest;

/// <summary>
/// The rules of the contract once more, as plain as can be, over Google.Protobuf's objects: what a batch must do to the series of one source.
/// A sample is a line of text, so that a difference is easy to read.
/// </summary>
internal sealed class ReferenceIngest
{
    private sealed record Known(string Name, string Labels)
    {
        public string? Kind { get; set; }

        public List<string> Samples { get; } = [];

        public override string ToString() => Name + Labels;
    }

    private readonly Dictionary<string, Known> _series = [];
    private Dictionary<uint, Known> _refs = [];
    private long _applied;
    private long _rejected;

    /// <summary>Lines of every series that has samples, by kind, name and labels.</summary>
    public SortedDictionary<string, List<string>> Content => new(
        _series.Values.Where(series => series.Kind is not null).ToDictionary(series => $"{series.Kind} {series}", series => series.Samples), StringComparer.Ordinal);

    /// <summary>Null when malformed.</summary>
    public (long Applied, long Rejected)? Apply(TelemetryBatch batch)
    {
        if (batch.Metrics.Any(IsMalformed) || batch.Ticks.Any(tick => tick.Gauges.Count > 0 && tick.Counters.Count > 0))
        {
            return null;
        }
        Dictionary<uint, Known> refs = new(_refs);
        foreach (Metric metric in batch.Metrics.Where(metric => metric.SeriesRef != 0 && metric.Name.Length > 0))
        {
            Known identity = Find(metric);
            if (refs.TryGetValue(metric.SeriesRef, out Known? former) && former.ToString() != identity.ToString())
            {
                return null;
            }
            refs[metric.SeriesRef] = identity;
        }
        _refs = refs;
        _applied = 0;
        _rejected = 0;
        foreach (Metric metric in batch.Metrics)
        {
            Known? series = metric.Name.Length > 0 ? Find(metric) : _refs.GetValueOrDefault(metric.SeriesRef);
            foreach (MetricSample sample in metric.Samples)
            {
                Add(series, sample.ValueCase.ToString(), sample.TimestampNs, Text(sample), IsUsable(sample.Histogram));
            }
            AddPacked(series, metric.Packed);
            AddAggregates(series, metric.Aggregates);
        }
        foreach (Tick tick in batch.Ticks)
        {
            for (int i = 0; i < tick.Gauges.Count + tick.Counters.Count; i++)
            {
                // A tick has one time: if that is no time, none of its values tells the kind of a series.
                Known? series = tick.FirstRef == 0 || !IsTime(tick.TimestampNs) ? null : _refs.GetValueOrDefault(tick.FirstRef + (uint)i);
                bool gauge = tick.Gauges.Count > 0;
                Add(series, gauge ? "Gauge" : "Counter", tick.TimestampNs, gauge ? Text(tick.Gauges[i]) : $"{tick.Counters[i]}", true);
            }
        }
        return (_applied, _rejected);
    }

    public static string Text(double value) => $"{BitConverter.DoubleToInt64Bits(value):x}";

    public static string Text(
        ulong count, double sum, double min, double max, int scale, ulong zero, int positiveOffset, IEnumerable<ulong> positive, int negativeOffset,
        IEnumerable<ulong> negative, IEnumerable<double> bounds, IEnumerable<ulong> counts) =>
        $"{count} {Text(sum)} {Text(min)} {Text(max)} {scale} {zero} {positiveOffset}[{string.Join(',', positive)}] {negativeOffset}[{string.Join(',', negative)}] "
        + $"[{string.Join(',', bounds.Select(Text))}] [{string.Join(',', counts)}]";

    private static string Text(Histogram value) => Text(
        value.Count, value.Sum, Extreme(value, value.Min, first: true), Extreme(value, value.Max, first: false), value.Scale, value.ZeroCount, value.PositiveOffset, value.PositiveCounts, value.NegativeOffset,
        value.NegativeCounts, value.ExplicitBounds, value.ExplicitCounts);

    /// <summary>A 0 that the first or last filled bucket cannot hold is protobuf's way to say nothing.</summary>
    private static double Extreme(Histogram value, double extreme, bool first)
    {
        if (extreme != 0)
        {
            return value.Min > value.Max && value.Min != 0 && value.Max != 0 ? double.NaN : extreme;
        }
        List<bool> holdsZero = [];          // of each filled bucket, from the smallest values up
        for (int i = 0; i < value.ExplicitCounts.Count && value.ExplicitBounds.Count > 0; i++)
        {
            double above = i == 0 ? double.NegativeInfinity : value.ExplicitBounds[i - 1];
            double upTo = i == value.ExplicitBounds.Count ? double.PositiveInfinity : value.ExplicitBounds[i];
            holdsZero.AddRange(value.ExplicitCounts[i] > 0 ? [above < 0 && upTo >= 0] : []);
        }
        holdsZero.AddRange(value.NegativeCounts.Any(count => count > 0) ? [false] : []);
        holdsZero.AddRange(value.ZeroCount > 0 ? [true] : []);
        holdsZero.AddRange(value.PositiveCounts.Any(count => count > 0) ? [false] : []);
        bool isKnown = holdsZero.Count == 0 ? value.Min == 0 && value.Max == 0 && value.Sum == 0 : first ? holdsZero[0] : holdsZero[^1];
        return isKnown ? extreme : double.NaN;
    }

    private static string Text(MetricSample sample) => sample.ValueCase switch
    {
        MetricSample.ValueOneofCase.Gauge => Text(sample.Gauge),
        MetricSample.ValueOneofCase.Counter => $"{sample.Counter}",
        _ => Text(sample.Histogram),
    };

    private static bool IsMalformed(Metric metric)
    {
        int forms = (metric.Samples.Count > 0 ? 1 : 0) + (metric.Packed is null ? 0 : 1) + (metric.Aggregates is null ? 0 : 1);
        return (metric.Name.Length == 0 && (metric.SeriesRef == 0 || metric.Labels.Count > 0))
            || forms > 1
            || metric.Samples.Any(sample => sample.ValueCase == MetricSample.ValueOneofCase.None || IsMalformed(sample.Histogram))
            || IsMalformed(metric.Packed)
            || IsMalformed(metric.Aggregates);
    }

    private static bool IsMalformed(Histogram? histogram) => histogram is not null
        && histogram.ExplicitCounts.Count + histogram.ExplicitBounds.Count > 0
        && (histogram.PositiveCounts.Count + histogram.NegativeCounts.Count > 0 || histogram.ExplicitCounts.Count != histogram.ExplicitBounds.Count + 1);

    private static bool IsMalformed(PackedSamples? packed)
    {
        if (packed is null)
        {
            return false;
        }
        int columns = (packed.Gauges.Count > 0 ? 1 : 0) + (packed.Counters.Count > 0 ? 1 : 0) + (packed.Histograms.Count > 0 ? 1 : 0);
        return columns > 1
            || packed.TimestampsNs.Count != packed.Gauges.Count + packed.Counters.Count + packed.Histograms.Count
            || packed.Histograms.Any(IsMalformed);
    }

    private static bool IsMalformed(PackedAggregates? columns) => columns is not null
        && new[] { columns.Min.Count, columns.Max.Count, columns.Sum.Count, columns.Last.Count, columns.Count.Count }
            .Any(count => count != columns.TimestampsNs.Count);

    private static bool IsUsable(Histogram? histogram)
    {
        if (histogram is null)
        {
            return true;
        }
        RepeatedField<double> bounds = histogram.ExplicitBounds;
        bool rise = !bounds.Any(double.IsNaN) && bounds.Zip(bounds.Skip(1)).All(pair => pair.First < pair.Second);
        bool bucketless = histogram.PositiveCounts.Count + histogram.NegativeCounts.Count + histogram.ExplicitCounts.Count == 0 && histogram.ZeroCount == 0;
        decimal total = histogram.ZeroCount + histogram.PositiveCounts.Concat(histogram.NegativeCounts).Concat(histogram.ExplicitCounts).Sum(count => (decimal)count);
        return histogram.Scale is >= -10 and <= 20
            && double.IsFinite(histogram.Sum)
            && (long)histogram.PositiveOffset + histogram.PositiveCounts.Count <= int.MaxValue
            && (long)histogram.NegativeOffset + histogram.NegativeCounts.Count <= int.MaxValue
            && rise && (bucketless || total == histogram.Count);
    }

    private Known Find(Metric metric)
    {
        string labels = "{" + string.Join(",", metric.Labels.Where(label => label.Value.Length > 0)
            .OrderBy(label => label.Key, StringComparer.Ordinal).Select(label => $"{label.Key}=\"{label.Value}\"")) + "}";
        string key = metric.Name + labels;
        if (!_series.TryGetValue(key, out Known? known))
        {
            known = new Known(metric.Name, labels);
            _series.Add(key, known);
        }
        return known;
    }

    private static bool IsTime(ulong timestampNs) => timestampNs is > 0 and <= long.MaxValue;

    private void AddPacked(Known? series, PackedSamples? packed)
    {
        for (int i = 0; i < (packed?.TimestampsNs.Count ?? 0); i++)
        {
            (string kind, string text, bool usable) = packed!.Gauges.Count > 0 ? ("Gauge", Text(packed.Gauges[i]), true)
                : packed.Counters.Count > 0 ? ("Counter", $"{packed.Counters[i]}", true)
                : ("Histogram", Text(packed.Histograms[i]), IsUsable(packed.Histograms[i]));
            Add(series, kind, packed.TimestampsNs[i], text, usable);
        }
    }

    private void AddAggregates(Known? series, PackedAggregates? columns)
    {
        for (int i = 0; i < (columns?.TimestampsNs.Count ?? 0); i++)
        {
            Add(series, "Gauge", columns!.TimestampsNs[i],
                $"{Text(columns.Last[i])} {Text(columns.Min[i])} {Text(columns.Max[i])} {Text(columns.Sum[i])} {columns.Count[i]}", columns.Count[i] > 0);
        }
    }

    private void Add(Known? series, string kind, ulong timestampNs, string text, bool usable)
    {
        if (series is not null)
        {
            series.Kind ??= kind;
        }
        if (series is null || series.Kind != kind || !IsTime(timestampNs) || !usable)
        {
            _rejected++;
            return;
        }
        series.Samples.Add($"{timestampNs} {text}");
        _applied++;
    }
}
