using Observability.Aggregator.Storage;

namespace Observability.Aggregator.Tests.Ingest;

/// <summary>Everything in a store as lines of text, in the form of <see cref="ReferenceIngest"/>.</summary>
internal static class StoreContent
{
    public static SortedDictionary<string, List<string>> Of(TelemetryStore store)
    {
        SortedDictionary<string, List<string>> content = new(StringComparer.Ordinal);
        foreach (Series series in store.AllSeries)
        {
            content.Add($"{series.Kind} {series.Name}{series.Labels}", series.Kind == SeriesKind.Histogram ? Histograms(store, series) : Scalars(store, series));
        }
        return content;
    }

    private static List<string> Scalars(TelemetryStore store, Series series)
    {
        SampleBuffer buffer = new();
        Assert.Equal(0, store.Read(series, 0, long.MaxValue, buffer).Overwritten);
        return [.. Enumerable.Range(0, buffer.Count).Select(row => Line(series.Kind, buffer, row))];
    }

    private static string Line(SeriesKind kind, SampleBuffer buffer, int row)
    {
        string text = $"{buffer.TimestampsNs[row]} " + (kind == SeriesKind.Counter ? $"{buffer.Counter(row)}" : ReferenceIngest.Text(buffer.Gauge(row)));
        return buffer.IsAggregate(row)
            ? $"{text} {ReferenceIngest.Text(buffer.Min[row])} {ReferenceIngest.Text(buffer.Max[row])} {ReferenceIngest.Text(buffer.Sum[row])} {buffer.Counts[row]}"
            : text;
    }

    private static List<string> Histograms(TelemetryStore store, Series series)
    {
        HistogramBuffer buffer = new();
        store.ReadHistograms(series, 0, long.MaxValue, buffer);
        List<string> lines = [];
        for (int row = 0; row < buffer.Count; row++)
        {
            HistogramRow h = buffer[row];
            lines.Add($"{h.TimestampNs} " + ReferenceIngest.Text(
                h.Count, h.Sum, h.Min, h.Max, h.Scale, h.ZeroCount, h.PositiveOffset, buffer.PositiveCounts(row).ToArray(), h.NegativeOffset,
                buffer.NegativeCounts(row).ToArray(), buffer.ExplicitBounds(row).ToArray(), buffer.ExplicitCounts(row).ToArray()));
        }
        return lines;
    }
}
