using Observability.Aggregator.Diagnostics;
using Observability.Aggregator.Storage;

namespace Observability.Aggregator.Export;

/// <summary>
/// Writes expositions, and keeps the totals that Prometheus wants and rings forget: histograms are added up every few seconds, scraped or not.
/// One lock, taken by that round and by scrapes.
/// </summary>
internal sealed class Exporter : BackgroundService
{
    private readonly Lock _lock = new();
    private readonly TelemetryStore _store;
    private readonly ExportOptions _options;
    private readonly TimeProvider _time;
    private readonly IMetricSource[] _sources;
    private readonly ExportCatalog _catalog;
    private readonly TotalsKeeper _totals;
    private readonly SourceFamilies _sourceFamilies;
    private readonly BufferFamilies _bufferFamilies = new();
    private readonly SampleBuffer _samples = new(countMax: 16);
    private readonly double _createdSeconds;
    private long _pastBytes;
    private bool _hasReserved;

    public Exporter(TelemetryStore store, ExportOptions options, TimeProvider time, IEnumerable<IMetricSource> sources)
    {
        _store = store;
        _options = options;
        _time = time;
        _sources = [.. sources];
        _catalog = new ExportCatalog(options);
        _totals = new TotalsKeeper(store, options);
        _sourceFamilies = new SourceFamilies(options);
        _createdSeconds = time.UnixNs() / 1_000_000 / 1e3;
    }

    /// <summary>The whole exposition, appended to <paramref name="buffer"/>.</summary>
    public void Write(ExpositionBuffer buffer, ExpositionFormat format)
    {
        var writer = new ExpositionWriter(buffer, format);
        OwnMetric[] own = [.. _sources.SelectMany(source => source.Read())];
        lock (_lock)
        {
            long nowNs = _time.UnixNs();
            Accumulate(nowNs);
            foreach (OwnMetric metric in own.Concat(OwnFamilies.Of(_store, _catalog, _totals.Overwritten, _pastBytes)))
            {
                writer.Family(metric, _createdSeconds);
            }
            _sourceFamilies.Write(writer, _store, nowNs);
            _bufferFamilies.Write(writer, _store);
            _totals.Latencies.Write(writer, nowNs);
            _pastBytes = 0;
            foreach (ExportedFamily family in _catalog.Families)
            {
                WriteFamily(writer, family, nowNs);
            }
        }
        writer.End();
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
                    Accumulate(_time.UnixNs());
                }
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The end of the process; totals die with it, as Prometheus expects of a restart.
        }
    }

    private void Accumulate(long nowNs)
    {
        ReserveOwn();
        _catalog.TakeNewSeries(_store);
        _totals.Accumulate(_catalog, nowNs);
    }

    /// <summary>Once, before the first series of an agent gets its name.</summary>
    private void ReserveOwn()
    {
        if (_hasReserved)
        {
            return;
        }
        _hasReserved = true;
        _catalog.Reserve(LatencyFamilies.Summary, OwnMetricType.Summary);
        _catalog.Reserve(LatencyFamilies.Buckets, OwnMetricType.Untyped);
        foreach ((string name, OwnMetricType type) in SourceFamilies.Names.Concat(BufferFamilies.Names))
        {
            _catalog.Reserve(name, type);
        }
        foreach (OwnMetric metric in _sources.SelectMany(source => source.Read()).Concat(OwnFamilies.Of(_store, _catalog, 0, 0)))
        {
            _catalog.Reserve(metric.Name, metric.Type);
        }
    }

    private void WriteFamily(in ExpositionWriter writer, ExportedFamily family, long nowNs)
    {
        bool hasHead = false;
        foreach (ExportedSeries exported in family.Series)
        {
            if (exported.Series.Head == 0 || exported.Series.IsStale(nowNs))
            {
                continue;
            }
            if (writer.Length >= _options.BytesMax)
            {
                _pastBytes++;
                continue;
            }
            if (!hasHead)
            {
                writer.Raw(family.Head(writer.IsOpenMetrics));
                hasHead = true;
            }
            if (exported.Totals is { } totals)
            {
                WriteHistogram(writer, exported, totals, family.HasOpenMetricsNames);
            }
            else
            {
                WriteNewest(writer, exported, family);
            }
        }
    }

    private static void WriteHistogram(in ExpositionWriter writer, ExportedSeries exported, HistogramTotals totals, bool hasCreated)
    {
        (double count, bool hasNegativeBounds) = totals.WriteBuckets(writer);
        if (!writer.IsOpenMetrics)
        {
            writer.Sample(exported.SumHead, totals.Sum);
            writer.Sample(exported.CountHead, count);
            return;
        }
        // OpenMetrics refuses a sum that may fall, and a count without a sum.
        if (!hasNegativeBounds && totals.Sum >= 0)
        {
            writer.Sample(exported.SumHead, totals.Sum);
            writer.Sample(exported.CountHead, count);
        }
        if (hasCreated)
        {
            writer.Sample(exported.CreatedHead, totals.CreatedNs / 1e9);
        }
    }

    private void WriteNewest(in ExpositionWriter writer, ExportedSeries exported, ExportedFamily family)
    {
        _samples.Clear();
        long cursor = long.Max(0, exported.Series.Head - 1);
        _store.ReadNew(exported.Series, ref cursor, _samples, 1);
        if (_samples.Count == 0)
        {
            return;
        }
        int newest = _samples.Count - 1;
        if (exported.Series.Kind == SeriesKind.Counter)
        {
            writer.Sample(exported.Head, _samples.Counter(newest));
            Source source = exported.Series.Source;
            if (writer.IsOpenMetrics && family.CreatedName.Length > 0
                && source.SessionStartedNs > 0 && exported.Series.NewestReceivedNs >= source.SessionSinceNs)
            {
                // The labels and what stands around them are the counter's own.
                writer.Raw(family.CreatedName);
                writer.Sample(exported.Head.AsSpan(family.Name.Length), source.SessionStartedNs / 1_000_000 / 1e3);
            }
        }
        else
        {
            writer.Sample(exported.Head, _samples.Gauge(newest));
        }
    }
}
