using Observability.Aggregator.Diagnostics;
using Observability.Aggregator.Storage;

namespace Observability.Aggregator.Export;

/// <summary>
/// Keeps the totals that Prometheus wants and rings forget: histograms are added up every few seconds, scraped or not. One lock, taken by that
/// round and by scrapes.
/// </summary>
internal sealed class Exporter : BackgroundService
{
    private const string LatencyName = "latency";

    private readonly Lock _lock = new();
    private readonly TelemetryStore _store;
    private readonly ExportOptions _options;
    private readonly TimeProvider _time;
    private readonly IMetricSource[] _sources;
    private readonly ExportCatalog _catalog;
    private readonly SortedDictionary<string, LatencyTotals> _latencies = new(StringComparer.Ordinal);
    private readonly HistogramBuffer _rows = new(countMax: 1024);
    private readonly SampleBuffer _samples = new(countMax: 16);
    private long _overwritten;
    private bool _hasReserved;

    public Exporter(TelemetryStore store, ExportOptions options, TimeProvider time, IEnumerable<IMetricSource> sources)
    {
        _store = store;
        _options = options;
        _time = time;
        _sources = [.. sources];
        _catalog = new ExportCatalog(options);
    }

    /// <summary>The whole exposition, text format 0.0.4.</summary>
    public void Write(TextWriter output)
    {
        var text = new ExpositionText(output);
        OwnMetric[] own = [.. _sources.SelectMany(source => source.Read())];
        lock (_lock)
        {
            Accumulate();
            foreach (OwnMetric metric in own.Concat(OwnFamilies.Of(_store, _catalog, _overwritten)))
            {
                text.Write(metric);
            }
            WriteLatencies(text);
            foreach (ExportedFamily family in _catalog.Families)
            {
                WriteFamily(text, family);
            }
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(_options.AccumulateMs), _time);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
            {
                lock (_lock)
                {
                    Accumulate();
                }
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The end of the process; totals die with it, as Prometheus expects of a restart.
        }
    }

    private void Accumulate()
    {
        ReserveOwn();
        _catalog.TakeNewSeries(_store);
        foreach (ExportedSeries exported in _catalog.Histograms)
        {
            LatencyTotals? latency = null;
            double? ms = null;
            if (exported.Series.Name == LatencyName && (ms = LatencyTotals.MsOf(exported.Series.Unit)) is not null)
            {
                latency = LatencyOf(exported.Series.Source.Service);
            }
            Accumulate(exported, latency, ms ?? 1);
        }
        long nowNs = _time.UnixNs();
        foreach (LatencyTotals latency in _latencies.Values)
        {
            latency.EndRound(nowNs);
        }
    }

    private void Accumulate(ExportedSeries exported, LatencyTotals? latency, double ms)
    {
        long cursor = exported.Cursor;
        while (cursor < exported.Series.Head)
        {
            _rows.Clear();
            ReadResult result = _store.ReadNewHistograms(exported.Series, ref cursor, _rows, _rows.CountMax);
            _overwritten += result.Overwritten;
            for (int row = 0; row < _rows.Count; row++)
            {
                exported.Totals!.Add(_rows, row);
                latency?.Add(_rows, row, ms);
            }
            if (result.Count == 0)
            {
                break;
            }
        }
        exported.Cursor = cursor;
    }

    private LatencyTotals? LatencyOf(string service)
    {
        if (!_latencies.TryGetValue(service, out LatencyTotals? totals) && _latencies.Count < _options.ServicesMax)
        {
            totals = new LatencyTotals();
            _latencies.Add(service, totals);
        }
        return totals;
    }

    /// <summary>Once, before the first series of an agent gets its name.</summary>
    private void ReserveOwn()
    {
        if (_hasReserved)
        {
            return;
        }
        _hasReserved = true;
        foreach (string name in OwnFamilies.Names)
        {
            _catalog.Reserve(name);
        }
        foreach (OwnMetric metric in _sources.SelectMany(source => source.Read()))
        {
            _catalog.Reserve(metric.Name);
            foreach (OwnMetric.Point point in metric.Points)
            {
                _catalog.Reserve(metric.Name + point.Suffix);
            }
        }
    }

    private void WriteLatencies(ExpositionText text)
    {
        if (_latencies.Count == 0)
        {
            return;
        }
        long nowNs = _time.UnixNs();
        text.WriteHead(OwnFamilies.Latency, OwnMetricType.Summary, "Latency of requests: quantiles of the last minute, totals since the aggregator started.");
        foreach ((string service, LatencyTotals totals) in _latencies)
        {
            text.WriteSummary(OwnFamilies.Latency, service, OwnFamilies.Quantiles, totals.Quantiles(nowNs, OwnFamilies.Quantiles), totals.Sum, totals.Count);
        }
        text.WriteHead(OwnFamilies.LatencyBucket, OwnMetricType.Untyped, "Requests by latency, cumulative over le, for histogram_quantile().");
        foreach ((string service, LatencyTotals totals) in _latencies)
        {
            text.WriteBuckets(OwnFamilies.LatencyBucket, ExpositionText.Labels(("service", service)), totals.Buckets());
        }
    }

    private void WriteFamily(ExpositionText text, ExportedFamily family)
    {
        long nowNs = _time.UnixNs();
        bool hasHead = false;
        foreach (ExportedSeries exported in family.Series)
        {
            if (exported.Series.Head == 0 || exported.Series.IsStale(nowNs))
            {
                continue;
            }
            if (!hasHead)
            {
                text.WriteHead(family.Name, family.Type, family.Help);
                hasHead = true;
            }
            if (exported.Totals is { } totals)
            {
                text.WriteBuckets(family.Name + "_bucket", exported.Labels, totals.Buckets().Append((double.PositiveInfinity, totals.Count)));
                text.WriteSample(family.Name + "_sum", exported.Labels, totals.Sum);
                text.WriteSample(family.Name + "_count", exported.Labels, totals.Count);
            }
            else if (TryReadNewest(exported.Series, out string value))
            {
                text.WriteSample(family.Name, exported.Labels, value);
            }
        }
    }

    private bool TryReadNewest(Series series, out string value)
    {
        _samples.Clear();
        long cursor = long.Max(0, series.Head - 1);
        _store.ReadNew(series, ref cursor, _samples, 1);
        value = "";
        if (_samples.Count == 0)
        {
            return false;
        }
        int newest = _samples.Count - 1;
        value = series.Kind == SeriesKind.Counter
            ? _samples.Counter(newest).ToString(System.Globalization.CultureInfo.InvariantCulture)
            : Exposition.Number(_samples.Gauge(newest));
        return true;
    }
}
