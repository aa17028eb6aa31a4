using System.Globalization;
using System.Text.Json;
using Observability.Aggregator.Histograms;
using Observability.Aggregator.Storage;

namespace Observability.Aggregator.Query;

/// <summary>The part that answers with histograms.</summary>
internal sealed partial class SampleWriter
{
    private readonly HistogramBuffer _histograms = new();
    private readonly HistogramSteps _histogramSteps = new();

    /// <summary>
    /// Histograms where they are kept, and before them the sums of seconds and minutes: they add up as the histograms did, so that an answer without steps has
    /// them too. Returns how many of the range are gone altogether.
    /// </summary>
    private long ReadHistograms(SampleQuery query, Series series)
    {
        if (store.OldestKeptNs(series) is not { } keptFromNs || keptFromNs <= query.FromNs)
        {
            return store.ReadHistograms(series, query.FromNs, LastNs(query), _histograms).Overwritten;
        }
        long cutNs = keptFromNs == long.MaxValue ? long.MaxValue : keptFromNs - (keptFromNs % SecondNs) + SecondNs;
        store.ReadHistogramRollups(series, query.FromNs, Math.Min(cutNs, LastNs(query) + 1), _histograms);
        int rollups = _histograms.Count;
        bool hasCut = rollups > 0 && _histograms[rollups - 1].TimestampNs >= cutNs - SecondNs;
        long overwritten = store.ReadHistograms(series, hasCut ? cutNs : keptFromNs, LastNs(query), _histograms).Overwritten;
        return rollups > 0 && _histograms[0].TimestampNs < query.FromNs + (2 * MinuteNs) ? 0 : overwritten;
    }

    private void WriteHistograms(Utf8JsonWriter json, SampleQuery query)
    {
        if (query.StepNs is { } stepNs)
        {
            _histogramSteps.Begin(query.StepCount);
            _histogramSteps.Add(_histograms, query.FromNs, stepNs);
            WriteHistogramSteps(json, query, stepNs);
            return;
        }
        int count = TakeValues(_histograms.Count);
        WriteTimes(json, count, row => _histograms[row].TimestampNs);
        WriteColumn(json, "count", count, row => _histograms[row].Count);
        WriteColumn(json, "sum", count, row => _histograms[row].Sum);
        WriteColumn(json, "min", count, row => _histograms[row].Min);
        WriteColumn(json, "max", count, row => _histograms[row].Max);
        var quantiles = new HistogramRowQuantiles(_histograms);
        foreach ((string name, double quantile) in new[] { ("p50", 0.5), ("p95", 0.95), ("p99", 0.99) })
        {
            WriteColumn(json, name, count, row => quantiles.Of(row, quantile));
        }
    }

    private void WriteMerged(Utf8JsonWriter json, SampleQuery query, IReadOnlyList<Series> series)
    {
        long stepNs = query.StepNs!.Value;
        _histogramSteps.Begin(query.StepCount);
        long overwritten = 0;
        foreach (Series one in series)
        {
            _histograms.Clear();
            overwritten += ReadHistograms(query, one);
            _histogramSteps.Add(_histograms, query.FromNs, stepNs, TimeUnits.Factor(one.Unit, series[0].Unit) ?? 1);       // a unit that became known since it was asked for
        }
        json.WriteStartObject();
        json.WriteString("name", query.Selector.ToString());
        json.WriteString("kind", "histogram");
        json.WriteString("unit", series[0].Unit);
        json.WriteNumber("merged", series.Count);
        json.WriteNumber("overwritten", overwritten);
        WriteHistogramSteps(json, query, stepNs);
        json.WriteEndObject();
    }

    private void WriteHistogramSteps(Utf8JsonWriter json, SampleQuery query, long stepNs)
    {
        Aggregation aggregation = query.AggregationOf(SeriesKind.Histogram);
        ReadOnlySpan<int> steps = WriteSteps(json, query, (int step, out double value) => _histogramSteps.TryGet(step, aggregation, query.Quantile, stepNs, out value));
        if (query.Buckets)
        {
            json.WriteStartArray("buckets");
            foreach (int step in steps)
            {
                WriteBuckets(json, step);
            }
            json.WriteEndArray();
        }
        if (_histogramSteps.Apart is > 0 and var apart)
        {
            json.WriteNumber("bounds_differ", apart);
            json.WriteString("note", string.Create(CultureInfo.InvariantCulture,
                $"Buckets of {apart} measurements could not be added to the others of their step, because their bounds differ. Count, sum, min and max are whole; quantiles are over all; buckets are those of the layout with the most measurements."));
        }
    }

    private void WriteBuckets(Utf8JsonWriter json, int step)
    {
        json.WriteStartObject();
        WriteExtreme(json, "min", _histogramSteps.Of(step)?.Min);
        WriteExtreme(json, "max", _histogramSteps.Of(step)?.Max);
        if (_histogramSteps.Of(step)?.Explicit is { } isExplicit)
        {
            _array.Begin();
            foreach (double bound in isExplicit.Bounds)
            {
                _array.Add(bound);
            }
            WriteArray(json, "bounds");
            WriteCounts(json, "counts", isExplicit.Counts);
        }
        else if (_histogramSteps.Of(step)?.Exponential is { } sum)
        {
            json.WriteNumber("scale", sum.Scale);
            json.WriteNumber("zero_count", sum.ZeroCount);
            json.WriteNumber("positive_offset", sum.Positive.Offset);
            WriteCounts(json, "positive_counts", sum.Positive.Counts);
            json.WriteNumber("negative_offset", sum.Negative.Offset);
            WriteCounts(json, "negative_counts", sum.Negative.Counts);
        }
        json.WriteEndObject();
    }

    private static void WriteExtreme(Utf8JsonWriter json, string name, double? value)
    {
        if (value is { } known && double.IsFinite(known))
        {
            json.WriteNumber(name, known);
        }
    }

    /// <summary>All of them, or none when the answer is full: a part would be another histogram.</summary>
    private void WriteCounts(Utf8JsonWriter json, string name, ReadOnlySpan<ulong> counts)
    {
        int written = TakeValues(counts.Length) == counts.Length ? counts.Length : 0;
        json.WriteStartArray(name);
        foreach (ulong count in counts[..written])
        {
            json.WriteNumberValue(count);
        }
        json.WriteEndArray();
    }
}
