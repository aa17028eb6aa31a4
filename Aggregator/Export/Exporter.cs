using Observability.Aggregator.Diagnostics;
using Observability.Aggregator.Storage;
using Prometheus;

namespace Observability.Aggregator.Export;

/// <summary>
/// Writes expositions: first the series of agents, by a writer of our own that keeps no object for a sample, then the platform's own families,
/// by prometheus-net. It also keeps the totals that Prometheus wants and rings forget: histograms are added up every few seconds, scraped or not.
/// One lock, taken by that round and by scrapes.
/// </summary>
internal sealed class Exporter : BackgroundService
{
    /// <summary>The newest sample by time is looked for among so many that came last.</summary>
    private const int LateSamplesMax = 64;

    private readonly SemaphoreSlim _lock = new(1);
    private readonly TelemetryStore _store;
    private readonly ExportOptions _options;
    private readonly TimeProvider _time;
    private readonly PlatformMetrics _metrics;
    private readonly IPlatformFamilies[] _features;
    private readonly PlatformExposition _platform;
    private readonly ExportCatalog _catalog;
    private readonly TotalsKeeper _totals;
    private readonly SourceFamilies _sourceFamilies;
    private readonly BufferFamilies _bufferFamilies = new();
    private readonly SampleBuffer _samples = new(countMax: LateSamplesMax);
    private long _pastBytes;
    private bool _hasBegun;

    public Exporter(TelemetryStore store, ExportOptions options, TimeProvider time, PlatformMetrics metrics, IEnumerable<IPlatformFamilies> features)
    {
        _store = store;
        _options = options;
        _time = time;
        _metrics = metrics;
        _features = [.. features];
        _platform = new PlatformExposition(metrics, createdSeconds: time.UnixNs() / 1_000_000 / 1e3);
        _catalog = new ExportCatalog(options);
        _totals = new TotalsKeeper(store, options);
        _sourceFamilies = new SourceFamilies(options);
    }

    /// <summary>The whole exposition, appended to <paramref name="buffer"/>.</summary>
    public async Task WriteAsync(ExpositionBuffer buffer, ExpositionFormat format, CancellationToken cancellationToken)
    {
        await _lock.WaitAsync(cancellationToken);
        try
        {
            long nowNs = _time.UnixNs();
            await AccumulateAsync(nowNs);
            WriteStored(new ExpositionWriter(buffer, format), nowNs);
            await _platform.WriteAsync(buffer, format);
        }
        finally
        {
            _lock.Release();
        }
    }

    public override void Dispose()
    {
        _lock.Dispose();
        base.Dispose();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(_options.AccumulateMs), _time);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
            {
                await _lock.WaitAsync(stoppingToken);
                try
                {
                    await AccumulateAsync(_time.UnixNs());
                }
                finally
                {
                    _lock.Release();
                }
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The end of the process; totals die with it, as Prometheus expects of a restart.
        }
    }

    private async ValueTask AccumulateAsync(long nowNs)
    {
        if (!_hasBegun)
        {
            _hasBegun = true;
            await BeginAsync();
        }
        _catalog.TakeNewSeries(_store);
        _totals.Accumulate(_catalog, nowNs);
    }

    /// <summary>Once, before the first series of an agent gets its name: the platform's names are nobody else's.</summary>
    private async Task BeginAsync()
    {
        foreach (IPlatformFamilies feature in _features)
        {
            feature.AddTo(_metrics);
        }
        StoreFamilies.AddTo(_metrics, _store);
        AddTo(_metrics);
        _catalog.Reserve(LatencyFamilies.Summary, FamilyType.Summary);
        _catalog.Reserve(LatencyFamilies.Buckets, FamilyType.Untyped);
        foreach ((string name, FamilyType type) in SourceFamilies.Names.Concat(BufferFamilies.Names).Concat(await _platform.FamiliesAsync()))
        {
            _catalog.Reserve(name, type);
        }
    }

    /// <summary>About what is exposed here itself.</summary>
    private void AddTo(PlatformMetrics metrics)
    {
        metrics.Counter(
            "telemetry_export_overwritten_histograms_total", "Histograms overwritten before they were added to their totals here.", () => _totals.Overwritten);
        metrics.Gauge(
            "telemetry_export_left_out_series", "Series of agents that are not exposed here, by reason.", ["reason"],
            () => [(["limit"], _catalog.Refused), (["duplicate"], _catalog.Duplicates), (["bytes"], _pastBytes)]);
        metrics.Gauge(
            "telemetry_export_renamed_series", "Series whose name carries their kind or a mark, because another has the name.", () => _catalog.Renamed);
    }

    /// <summary>All that stands in the store.</summary>
    private void WriteStored(in ExpositionWriter writer, long nowNs)
    {
        _sourceFamilies.Write(writer, _store, nowNs);
        _bufferFamilies.Write(writer, _store);
        _totals.Latencies.Write(writer, nowNs);
        _pastBytes = 0;
        foreach (ExportedFamily family in _catalog.Families)
        {
            WriteFamily(writer, family, nowNs);
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

    /// <summary>The last samples came late: a counter must not seem to go back for them.</summary>
    private int ReadNewestByTime(Series series)
    {
        _samples.Clear();
        long cursor = long.Max(0, series.Head - LateSamplesMax);
        _store.ReadNew(series, ref cursor, _samples, LateSamplesMax);
        int newest = _samples.Count - 1;
        for (int row = newest; row >= 0; row--)
        {
            newest = _samples.TimestampsNs[row] > _samples.TimestampsNs[newest] ? row : newest;
        }
        return newest;
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
        if (_samples.TimestampsNs[newest] < exported.Series.NewestTimestampNs)
        {
            newest = ReadNewestByTime(exported.Series);
            if (newest < 0)
            {
                return;                 // parked just now
            }
        }
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
