using System.Diagnostics;
using Observability.Protocol.V1;

namespace Integration.Tests.Page;

/// <summary>
/// Some instances of one service whose every value is kept here too: what they recorded over the last minutes, sent with its own timestamps, and then on
/// and on as it is recorded. Seeded. Each tick of an instance is a gauge, mostly noise, and a histogram of some latencies, of another distribution for each.
/// </summary>
internal sealed class KnownHistory : IAsyncDisposable
{
    public const string Service = "known";
    public const string Gauge = "level";
    public const int Instances = 3;

    /// <summary>Base 2^(2^-5): a bucket is what a quantile, interpolated in it, may be off.</summary>
    private const int Scale = 5;

    private const int MeasurementsPerTick = 5;
    private const int TicksPerBatch = 50;

    /// <summary>Level, requests a second, latency.</summary>
    private const int MetricsPerTick = 3;

    /// <summary>More would have to wait in the rings, and rings that have grown keep samples longer.</summary>
    private const int TicksUnsealedMax = 400;
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(200);
    private static readonly long IntervalNs = (long)Interval.TotalNanoseconds;

    private readonly Lock _lock = new();
    private readonly List<(long TimeNs, double[] Latencies)> _ticks = [];
    private readonly List<(long TimeNs, double Value)>[] _levels = [.. Enumerable.Range(0, Instances).Select(_ => new List<(long, double)>())];
    private readonly Random[] _random = [.. Enumerable.Range(0, Instances).Select(instance => new Random(100 + instance))];
    private readonly Dictionary<long, double> _spikes;
    private readonly TelemetryClient _client;
    private readonly TelemetryCall[] _calls;
    private readonly CancellationTokenSource _stop = new();
    private Task _sending = Task.CompletedTask;
    private long _nextNs;

    private KnownHistory(Uri grpc, Dictionary<long, double> spikes, long fromNs)
    {
        _spikes = spikes;
        _nextNs = fromNs;
        _client = new TelemetryClient(grpc);
        _calls = [.. Enumerable.Range(0, Instances).Select(_ => _client.Open("StreamTelemetry"))];
    }

    /// <summary>How far a quantile may be off, as a ratio.</summary>
    public static double ErrorRatio { get; } = Math.Pow(2, Math.Pow(2, -Scale)) - 1;

    public static string Instance(int number) => $"i-{number}";

    /// <summary>
    /// Everything since then is sent before this returns, no faster than it is compressed: <paramref name="sealedSamples"/> says how far that is. A spike is one
    /// sample of the first instance, at the tick at or after its time.
    /// </summary>
    public static async Task<KnownHistory> StartAsync(Uri grpc, TimeSpan past, IEnumerable<(long TimeNs, double Value)> spikes, Func<Task<long>> sealedSamples)
    {
        long nowNs = NowNs();
        // Half a millisecond past: no step of whole milliseconds begins at a sample.
        long fromNs = ((nowNs - (long)past.TotalNanoseconds) / IntervalNs * IntervalNs) + 500_000;
        var known = new KnownHistory(
            grpc, spikes.ToDictionary(spike => fromNs + ((spike.TimeNs - fromNs + IntervalNs - 1) / IntervalNs * IntervalNs), spike => spike.Value), fromNs);
        for (long untilNs = fromNs; untilNs < nowNs;)
        {
            untilNs = Math.Min(nowNs, untilNs + (TicksUnsealedMax * IntervalNs));
            await known.SendUntilAsync(untilNs);
            long sent = (untilNs - fromNs) / IntervalNs * Instances * MetricsPerTick;
            await Eventually.GetAsync(
                sealedSamples, count => count > sent - (TicksUnsealedMax * Instances * MetricsPerTick), TimeSpan.FromSeconds(60), $"a compressed history of {sent} samples");
        }
        known._sending = known.SendOnAsync();
        return known;
    }

    public static long NowNs() => (DateTime.UtcNow.Ticks - DateTime.UnixEpoch.Ticks) * 100;

    /// <summary>The latencies of all instances recorded in [fromNs, toNs), sorted.</summary>
    public double[] Latencies(long fromNs, long toNs)
    {
        lock (_lock)
        {
            return [.. _ticks.Where(tick => tick.TimeNs >= fromNs && tick.TimeNs < toNs).SelectMany(tick => tick.Latencies).Order()];
        }
    }

    /// <summary>The lowest and the highest level of an instance recorded in [fromNs, toNs).</summary>
    public (double Min, double Max) Extremes(int instance, long fromNs, long toNs)
    {
        lock (_lock)
        {
            double[] values = [.. _levels[instance].Where(level => level.TimeNs >= fromNs && level.TimeNs < toNs).Select(level => level.Value)];
            return (values.Min(), values.Max());
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _sending;
        foreach (TelemetryCall call in _calls)
        {
            call.Dispose();
        }
        _client.Dispose();
        _stop.Dispose();
    }

    private async Task SendOnAsync()
    {
        using var timer = new PeriodicTimer(Interval);
        while (!_stop.IsCancellationRequested)
        {
            await SendUntilAsync(NowNs());
            await timer.WaitForNextTickAsync(CancellationToken.None);
        }
    }

    private async Task SendUntilAsync(long nowNs)
    {
        while (_nextNs < nowNs)
        {
            int ticks = (int)Math.Min(TicksPerBatch, (nowNs - _nextNs + IntervalNs - 1) / IntervalNs);
            for (int instance = 0; instance < Instances; instance++)
            {
                await _calls[instance].WriteAsync(BatchOf(instance, ticks));
            }
            _nextNs += ticks * IntervalNs;
        }
    }

    private TelemetryBatch BatchOf(int instance, int ticks)
    {
        var batch = new TelemetryBatch { Service = Service, Instance = Instance(instance), PushIntervalMs = (uint)Interval.TotalMilliseconds };
        var level = new Metric { Name = Gauge, Unit = "1" };
        var rps = new Metric { Name = "rps", Unit = "1/s" };
        var latency = new Metric { Name = "latency", Unit = "ms" };
        for (int tick = 0; tick < ticks; tick++)
        {
            long timeNs = _nextNs + (tick * IntervalNs);
            double value = instance == 0 && _spikes.TryGetValue(timeNs, out double spike) ? spike : 20 + _random[instance].NextDouble();
            // Each instance has a distribution of its own: a mean of percentiles would be far off.
            double[] measured = [.. Enumerable.Range(0, MeasurementsPerTick).Select(_ => 4 * Math.Pow(3, instance) * Math.Exp(2 * _random[instance].NextDouble()))];
            lock (_lock)
            {
                _ticks.Add((timeNs, measured));
                _levels[instance].Add((timeNs, value));
            }
            level.Samples.Add(new MetricSample { TimestampNs = (ulong)timeNs, Gauge = value });
            rps.Samples.Add(new MetricSample { TimestampNs = (ulong)timeNs, Gauge = MeasurementsPerTick / Interval.TotalSeconds });
            latency.Samples.Add(new MetricSample { TimestampNs = (ulong)timeNs, Histogram = HistogramOf(measured) });
        }
        batch.Metrics.AddRange([level, rps, latency]);
        return batch;
    }

    private static Histogram HistogramOf(double[] measured)
    {
        int[] buckets = [.. measured.Select(value => (int)Math.Ceiling(Math.Log2(value) * (1 << Scale)) - 1)];
        var counts = new ulong[buckets.Max() - buckets.Min() + 1];
        foreach (int bucket in buckets)
        {
            counts[bucket - buckets.Min()]++;
        }
        Debug.Assert(counts.Length < 1000, "The instances measure within few octaves.");
        return new Histogram
        {
            Count = (ulong)measured.Length, Sum = measured.Sum(), Min = measured.Min(), Max = measured.Max(), Scale = Scale, PositiveOffset = buckets.Min(), PositiveCounts = { counts },
        };
    }
}
