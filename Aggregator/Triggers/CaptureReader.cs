using Observability.Aggregator.Selectors;
using Observability.Aggregator.Storage;

namespace Observability.Aggregator.Triggers;

/// <summary>Copies what a firing keeps out of the store. One thread; it works a few times a minute at most, not per sample.</summary>
internal sealed class CaptureReader(TelemetryStore store, TriggerOptions options)
{
    private static readonly (string Name, double Quantile)[] Quantiles = [("p50", 0.5), ("p95", 0.95), ("p99", 0.99)];

    private readonly SampleBuffer _samples = new();
    private readonly HistogramBuffer _histograms = new();

    public Capture Read(Firing firing, Series fired)
    {
        long fromNs = firing.SinceNs - firing.Rule.BeforeNs;
        long toNs = firing.TimestampNs + firing.Rule.AfterNs;
        // The series that fired comes first, and is never the one left out.
        Series[] wanted = [fired, .. Wanted(firing.Rule.Capture, fired).Where(series => series != fired)];
        CapturedSeries[] series = [.. wanted.Take(options.CaptureSeriesMax).Select(one => Read(one, fromNs, toNs))];
        return new Capture(firing, fromNs, toNs, series, wanted.Length - series.Length);
    }

    private IEnumerable<Series> Wanted(Selector? selector, Series fired) =>
        selector is null ? fired.Source.Series : store.AllSeries.ToArray().Where(selector.Matches);

    private CapturedSeries Read(Series series, long fromNs, long toNs) =>
        series.Kind == SeriesKind.Histogram ? ReadHistograms(series, fromNs, toNs) : ReadScalars(series, fromNs, toNs);

    private CapturedSeries ReadScalars(Series series, long fromNs, long toNs)
    {
        _samples.Clear();
        ReadResult read = store.Read(series, fromNs, toNs, _samples);
        int count = _samples.Count;
        long[] times = _samples.TimestampsNs.AsSpan(0, count).ToArray();
        if (series.Kind == SeriesKind.Counter)
        {
            ulong[] totals = [.. Enumerable.Range(0, count).Select(_samples.Counter)];
            return new CapturedSeries(SeriesIdentity.Of(series), read.Overwritten, times, [], totals);
        }
        double[] Column(Func<int, double> conflated) =>
            [.. Enumerable.Range(0, count).Select(row => _samples.IsAggregate(row) ? conflated(row) : _samples.Gauge(row))];
        var columns = new List<(string, double[])> { ("values", Column(_samples.Gauge)) };
        if (_samples.HasAggregates)
        {
            columns.Add(("min", Column(row => _samples.Min[row])));
            columns.Add(("max", Column(row => _samples.Max[row])));
        }
        return new CapturedSeries(SeriesIdentity.Of(series), read.Overwritten, times, columns, Totals: null);
    }

    private CapturedSeries ReadHistograms(Series series, long fromNs, long toNs)
    {
        _histograms.Clear();
        ReadResult read = store.ReadHistograms(series, fromNs, toNs, _histograms);
        int[] rows = [.. Enumerable.Range(0, _histograms.Count)];
        var columns = new List<(string, double[])>
        {
            ("count", [.. rows.Select(row => (double)_histograms[row].Count)]),
            ("sum", [.. rows.Select(row => _histograms[row].Sum)]),
            ("min", [.. rows.Select(row => _histograms[row].Min)]),
            ("max", [.. rows.Select(row => _histograms[row].Max)]),
        };
        var quantiles = new HistogramRowQuantiles(_histograms);
        columns.AddRange(Quantiles.Select(wanted => (wanted.Name, rows.Select(row => quantiles.Of(row, wanted.Quantile)).ToArray())));
        long[] times = [.. rows.Select(row => _histograms[row].TimestampNs)];
        return new CapturedSeries(SeriesIdentity.Of(series), read.Overwritten, times, columns, Totals: null);
    }
}
