using Observability.Aggregator.Ingest;
using Observability.Aggregator.Storage;
using Observability.Protocol.V1;

namespace Observability.Aggregator.Tests.Ingest;

/// <summary>Series leave while their streams go on: refs, names and budgets must not notice.</summary>
public sealed class EvictionTests
{
    private readonly IngestBench _bench;
    private readonly HistorySealer _sealer;
    private ulong _sequence;

    public EvictionTests()
    {
        _bench = new IngestBench(new StorageOptions { IdleSecondsMax = 10, LeaveSecondsMax = 100, SeriesMax = 8 }, new IngestOptions { SeriesPerNameMax = 2, OverflowSeriesMax = 1 });
        _sealer = new HistorySealer(_bench.Store);
    }

    [Fact]
    public async Task Tick_ByRefsOfSeriesThatLeft_MakesThemAnew()
    {
        BenchStream stream = _bench.Open();
        await stream.SendAsync(Declare(("a", 1), ("b", 2), ("c", 3)));
        for (int i = 0; i < 20; i++)
        {
            await stream.SendAsync(Tick(1, i, i + 100, i + 200));
        }
        Series former = _bench.Store.SeriesById(2)!;
        Rest(200);
        Assert.Equal((0, 1), (_bench.Store.SeriesCount, _bench.Store.Sources.Count));

        for (int i = 0; i < 20; i++)
        {
            await stream.SendAsync(Tick(1, i + 1000, i + 1100, i + 1200));
        }
        Assert.Null(stream.Code);
        Assert.Equal((120L, 0L), (stream.Tally.Received, stream.Tally.Rejected));
        Assert.Equal([4U, 5, 6], _bench.Store.AllSeries.ToArray().Select(series => series.Id));
        Assert.Equal(Enumerable.Range(1100, 20).Select(value => (double)value), _bench.Gauges("b"));
        Assert.Equal((20, 20), (former.Head, _bench.Store.SeriesById(5)!.Head));
        Assert.Equal(3, _bench.Shards.Budget.Identities.Count);
    }

    [Fact]
    public async Task Declaration_OfARefAgain_AfterItsSeriesLeft_IsTheSame()
    {
        BenchStream stream = _bench.Open();
        await stream.SendAsync(Declare(("a", 1)), Tick(1, 5));
        Rest(200);
        await stream.SendAsync(Declare(("a", 1)), Tick(1, 6), Tick(1, 7));
        Assert.Null(stream.Code);
        Assert.Equal([6.0, 7.0], _bench.Gauges("a"));
        Assert.Equal(1, _bench.Shards.Budget.Identities.Count);
    }

    [Fact]
    public async Task Names_ThatCameAndLeft_NeverUseTheLimitOfTheirMetricUp()
    {
        BenchStream stream = _bench.Open();
        for (int round = 0; round < 6; round++)
        {
            await stream.SendAsync(Inline($"user-{round}-a"), Inline($"user-{round}-b"));
            Assert.Equal((0L, (round + 1) * 2L), (stream.Tally.Rejected, stream.Tally.Received));
            Rest(200);
        }
        await stream.SendAsync(Inline("x"), Inline("y"), Inline("z"));
        Assert.Equal((1L, RejectReason.NameSeriesLimit), (stream.Tally.Rejected, stream.Tally.FirstReason));
        Assert.Equal(2, _bench.Shards.Budget.OfName("rps").Count);
        Assert.Equal(3, _bench.Shards.Budget.Identities.Count);
    }

    [Fact]
    public async Task Source_ThatLeftWithItsStream_ComesBackAndKnowsItsSession()
    {
        BenchStream first = _bench.Open();
        await first.SendAsync(Numbered(1), Numbered(2));
        await first.Stream.CloseAsync();
        Rest(200);
        Assert.Equal((0, 1L), (_bench.Store.Sources.Count, _bench.Store.Catalog.EvictedSources));

        BenchStream second = _bench.Open();
        await second.SendAsync(Numbered(2), Numbered(3));
        Assert.Null(second.Code);
        Assert.Equal(1L, second.Tally.Received);
        Assert.Equal(2U, Assert.Single(_bench.Store.Sources).Id);
    }

    [Fact]
    public async Task Overflow_ThatLeft_BeginsAnew()
    {
        BenchStream stream = _bench.Open();
        ulong total = 10;
        for (int round = 0; round < 3; round++)
        {
            await stream.SendAsync(Counters(total), Counters(total + 5));
            Series overflow = _bench.Store.AllSeries.ToArray().Single(series => series.Labels.TryGet(OverflowTotal.LabelName, out _));
            Assert.Equal(2, overflow.Head);
            Rest(200);
            Assert.True(overflow.IsEvicted);
            total += 100;
        }
        Assert.Equal(1, _bench.Shards.Budget.Overflow.Count);
    }

    private void Rest(int seconds)
    {
        for (int pass = 0; pass < seconds * 4; pass++)
        {
            _bench.Time.Advance(TimeSpan.FromMilliseconds(250));
            _sealer.Pass((_bench.Time.GetUtcNow() - DateTimeOffset.UnixEpoch).Ticks * 100);
        }
    }

    private static TelemetryBatch Declare(params (string Name, uint Ref)[] refs)
    {
        TelemetryBatch batch = new() { Service = "checkout", Instance = "a-1" };
        batch.Metrics.Add(refs.Select(pair => new Metric { Name = pair.Name, SeriesRef = pair.Ref }));
        return batch;
    }

    private TelemetryBatch Tick(uint firstRef, params double[] values) =>
        new() { Service = "checkout", Instance = "a-1", Ticks = { new Tick { TimestampNs = 100 + _sequence++, FirstRef = firstRef, Gauges = { values } } } };

    private static TelemetryBatch Inline(string user)
    {
        TelemetryBatch batch = IngestBench.Batch(values: 5);
        batch.Metrics[0].Labels.Add("user", user);
        return batch;
    }

    private static TelemetryBatch Numbered(ulong sequence) => IngestBench.Batch(session: 7, sequence, sequence);

    private TelemetryBatch Counters(ulong total)
    {
        TelemetryBatch batch = new() { Service = "checkout", Instance = "a-1" };
        for (int i = 0; i < 4; i++)
        {
            Metric metric = new() { Name = "jobs" };
            metric.Labels.Add("user", $"{i}");
            metric.Samples.Add(new MetricSample { TimestampNs = 100 + _sequence++, Counter = total });
            batch.Metrics.Add(metric);
        }
        return batch;
    }
}
