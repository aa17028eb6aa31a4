using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Observability.Aggregator.Diagnostics;
using Observability.Aggregator.Storage;
using Observability.Aggregator.Tests.Streaming;
using Observability.Aggregator.Triggers;

namespace Observability.Aggregator.Tests.Triggers;

/// <summary>The engine pass by pass, without its thread, in a time of the test's own.</summary>
public sealed class TriggerEngineTests : IDisposable
{
    private const long IntervalNs = 20_000_000;

    private readonly TelemetryStore _store = new(new StorageOptions(), 1);
    private readonly TriggerOptions _options = new() { SeriesPerRuleMax = 3, CapturesPendingMax = 2 };
    private readonly TriggerCounters _counters = new();
    private readonly FiringLog _log;
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2025, 11, 22, 0, 0, 0, TimeSpan.Zero));
    private readonly TriggerEngine _engine;
    private readonly TestSource _source;

    public TriggerEngineTests()
    {
        _log = new FiringLog(_options);
        var events = new TriggerEvents(_log, _counters, new WebhookQueue(_options, _counters));
        _engine = new TriggerEngine(_store, _options, events, _time, new NoLifetime(), NullLogger<TriggerEngine>.Instance);
        _source = new TestSource(_store);
    }

    public void Dispose() => _engine.Dispose();

    [Fact]
    public void Pass_OverTenThousandTicks_AllocatesNothing()
    {
        Series[] series = _source.AddMany(3);
        Series histogram = _source.Add("latency", SeriesKind.Histogram);
        _engine.Pass();
        _engine.Set(Rules.Of(threshold: 1e9, forMs: 100));
        _engine.Set(Rules.Of(threshold: 1e9, measure: "rate", change: rule => rule with { Name = "rate" }));
        _engine.Set(Rules.Of(threshold: 1e9, measure: "max", change: rule => rule with { Name = "max" }));
        double[] values = new double[3];
        ulong[] counts = [1, 2, 3];

        void Tick(int tick, bool isWarm)
        {
            long nowNs = AdvanceInterval();
            values.AsSpan().Fill(tick);
            _source.AppendRow(nowNs, series[0], values);
            _source.Append(histogram, nowNs, new HistogramSample { Count = 6, Sum = 9, Min = 1, Max = tick, Scale = 0, PositiveCounts = counts });
            AllocationMeter meter = AllocationMeter.Start();
            _engine.Pass();
            if (isWarm)
            {
                meter.AssertNothing();
            }
        }

        for (int tick = 0; tick < 10_200; tick++)
        {
            Tick(tick, isWarm: tick >= 200);
        }
        Assert.Equal(7L * 10_200, _counters.Samples);           // 3 values, 3 rates, 1 histogram
    }

    [Fact]
    public void Pass_WithSeriesAtAndPastTheLimit_WatchesThoseAndSaysSo()
    {
        _engine.Set(Rules.Of());
        _source.AddMany(3);
        _engine.Pass();
        RuleWatch rule = Assert.Single(_engine.Rules);
        Assert.Equal((3, null), (rule.Watches.Count, rule.Problem));
        _source.Add("one_more");
        _engine.Pass();
        Assert.Equal((3, "1 series that match are not watched: 3 are the limit (Triggers:SeriesPerRuleMax)."), (rule.Watches.Count, rule.Problem));
    }

    [Fact]
    public void Pass_WhenTheSeriesGoesSilent_EndsTheFiring()
    {
        _engine.Set(Rules.Of());
        Series series = _source.Add("gauge");
        _source.Append(series, _time.UnixNs(), 500.0);
        _engine.Pass();
        Firing firing = Assert.Single(_log.List(null, 10).Firings);
        Assert.Null(firing.End);
        _time.Advance(TimeSpan.FromMilliseconds(4900));
        _engine.Pass();
        Assert.Null(firing.End);
        _time.Advance(TimeSpan.FromMilliseconds(200));
        _engine.Pass();
        Assert.Equal("no data", firing.End);
    }

    [Fact]
    public void Set_InThePlaceOfARule_EndsItsFiringsAndKeepsItsCount()
    {
        _engine.Set(Rules.Of());
        Series series = _source.Add("gauge");
        _source.Append(series, _time.UnixNs(), 500.0);
        _engine.Pass();
        _engine.Set(Rules.Of(threshold: 1000));
        Assert.Equal("rule changed", Assert.Single(_log.List(null, 10).Firings).End);
        Assert.Equal(1, Assert.Single(_engine.Rules).FiringsTotal);
        // The new rule judges what comes next, not what was there.
        _engine.Pass();
        Assert.Equal(1, _log.Total);
        _engine.Remove("rule");
        Assert.Empty(_engine.Rules);
    }

    [Fact]
    public void Pass_WithTooManyCapturesAwaited_DropsAndCountsThem()
    {
        _engine.Set(Rules.Of());
        Series[] series = _source.AddMany(3);
        _source.AppendRow(_time.UnixNs(), series[0], 500, 500, 500);
        _engine.Pass();
        Assert.Equal((3, 1), (_log.Total, _log.CapturesDropped));
        _time.Advance(TimeSpan.FromSeconds(6));
        _engine.Pass();
        Assert.Equal(["Dropped", "Ready", "Ready"], _log.List(null, 10).Firings.Select(firing => firing.Capture.ToString()));

        _source.AppendRow(_time.UnixNs(), series[0], 0, 0, 0);
        _source.AppendRow(AdvanceInterval(), series[0], 0, 500, 0);
        _engine.Pass();
        _time.Advance(TimeSpan.FromSeconds(6));
        _engine.Pass();
        Assert.Equal(CaptureState.Ready, _log.List(null, 1).Firings[0].Capture);
    }

    [Fact]
    public void Pass_AfterSamplesWereOverwritten_CountsThem()
    {
        var store = new TelemetryStore(new StorageOptions { RingSamplesMax = 64 }, 1);
        var counters = new TriggerCounters();
        var judge = new SeriesJudge(store, counters);
        var source = new TestSource(store);
        Series series = source.Add("gauge");
        for (int i = 1; i <= 1000; i++)
        {
            source.Append(series, i * IntervalNs, 1.0);
        }
        var watch = new SeriesWatch(Rules.Of(), series, 0);
        judge.Begin(watch);
        Assert.False(judge.Next(watch, out _));
        Assert.InRange(counters.Samples, 1, 999);
        Assert.Equal(1000, counters.Samples + counters.Overwritten);
    }

    private long AdvanceInterval()
    {
        _time.Advance(TimeSpan.FromTicks(IntervalNs / 100));
        return _time.UnixNs();
    }

    private sealed class NoLifetime : IHostApplicationLifetime
    {
        public CancellationToken ApplicationStarted => default;

        public CancellationToken ApplicationStopping => default;

        public CancellationToken ApplicationStopped => default;

        public void StopApplication() => throw new InvalidOperationException("The engine must not fail.");
    }
}
