using System.Diagnostics;
using Google.Protobuf;
using Observability.Aggregator.Ingest;
using Observability.Aggregator.Storage;
using Observability.Protocol.V1;

namespace Observability.Aggregator.Tests.Ingest;

/// <summary>Past a limit on series the samples are rejected, and what they add up to is kept.</summary>
public sealed class OverflowTests
{
    private const int Series = 5;

    private readonly DecoderBench _bench = new(new StorageOptions { SeriesMax = 1 });

    [Fact]
    public void Counters_PastTheLimit_AddUpInTheOverflowSeriesThroughResets()
    {
        ulong[][] totals = [[10, 1, 2, 3, 4], [20, 2, 4, 6, 8], [30, 3, 1, 9, 12]];
        for (int step = 0; step < totals.Length; step++)
        {
            BatchOutcome outcome = _bench.ApplyWhole(Counters(step + 1, totals[step]));
            Assert.Equal(new BatchOutcome(1, Series - 1, RejectReason.SeriesLimit), outcome);
        }
        // The third series was reset: 4, then 1 more.
        Assert.Equal([(1, 10UL), (2, 20UL), (3, 3UL + 5 + 9 + 12)], Overflow());
        Assert.Equal([(1, 10UL), (2, 20UL), (3, 30UL)], Read(_bench.Store.AllSeries.ToArray().Single(series => series.Labels.Count == 1 && series.Labels[0].Value == "0")));
    }

    [Fact]
    public void Ticks_OfSeriesPastTheLimit_AddUpTheSame()
    {
        TelemetryBatch declared = TelemetryBatch.Parser.ParseFrom(Counters(1, [1, 1, 1, 1, 1]));
        for (int i = 0; i < Series; i++)
        {
            declared.Metrics[i].SeriesRef = (uint)i + 1;
        }
        _bench.ApplyWhole(declared.ToByteArray());
        TelemetryBatch tick = new() { Ticks = { new Tick { TimestampNs = 2, FirstRef = 1, Counters = { 5, 5, 6, 7, 8 } } } };

        Assert.Equal(new BatchOutcome(1, Series - 1, RejectReason.SeriesLimit), _bench.ApplyWhole(tick.ToByteArray()));
        Assert.Equal([(1, 4UL), (2, 26UL)], Overflow());
    }

    /// <summary>A shard's writer serves many sources: what a batch left behind when it failed must not be appended in the turn of another.</summary>
    [Fact]
    public void Apply_AfterABatchThatFailedHalfWay_AppendsNothingOfItForTheNextSource()
    {
        _bench.ApplyWhole(Counters(1, [10, 1, 2, 3, 4]));
        Series overflow = OverflowSeries();
        TelemetryBatch failing = TelemetryBatch.Parser.ParseFrom(Counters(2, [20, 2, 4, 6, 8]));
        failing.Metrics.Add(new Metric
        {
            Name = "latency", Samples = { new MetricSample { TimestampNs = 2, Histogram = new Histogram { Count = 2, PositiveCounts = { 2 } } } },
        });
        byte[] message = failing.ToByteArray();
        Assert.True(_bench.Decoder.TryScan(message, _bench.Identities));
        Assert.True(_bench.Writer.TryDeclare(message, _bench.Source, _bench.Identities, _bench.Refs, _bench.Decoder.Fault));
        message.AsSpan(^4..).Fill(0xFF);    // No bug of ours to fail at, so the test makes one: bytes that change behind the structural pass.
        Assert.Throws<UnreachableException>(() => _bench.Writer.Apply(message));
        Assert.Equal([(1, 10UL)], Read(overflow));

        SourceWriter other = _bench.Store.Catalog.OpenWriter("s", "other");
        byte[] others = Counters(3, [1]);
        Assert.True(_bench.Decoder.TryScan(others, new IdentityCache(16, seed: 1)));
        Assert.True(_bench.Writer.TryDeclare(others, other, new IdentityCache(16, seed: 1), new RefTable(16), _bench.Decoder.Fault));
        _bench.Writer.Apply(others);
        Assert.Equal([(1, 10UL)], Read(overflow));

        // The source's next change brings all of it.
        _bench.ApplyWhole(Counters(4, [30, 3, 5, 7, 9]));
        Assert.Equal([(1, 10UL), (4, 24UL)], Read(overflow));
    }

    [Fact]
    public void Histograms_PastTheLimit_AreKeptOneByOne()
    {
        TelemetryBatch batch = new();
        for (int i = 0; i < 4; i++)
        {
            batch.Metrics.Add(new Metric
            {
                Name = "latency", Labels = { ["user"] = $"{i}" },
                Samples = { new MetricSample { TimestampNs = (ulong)i + 1, Histogram = new Histogram { Count = 2, PositiveCounts = { 2 } } } },
            });
        }
        Assert.Equal(new BatchOutcome(1, 3, RejectReason.SeriesLimit), _bench.ApplyWhole(batch.ToByteArray()));
        HistogramBuffer buffer = new();
        _bench.Store.ReadHistograms(OverflowSeries(), 0, long.MaxValue, buffer);
        Assert.Equal([2UL, 3, 4], Enumerable.Range(0, buffer.Count).Select(row => (ulong)buffer[row].TimestampNs));
        Assert.Equal(6UL, (ulong)Enumerable.Range(0, buffer.Count).Sum(row => (long)buffer[row].Count));
    }

    [Fact]
    public void Gauges_PastTheLimit_HaveNoTotal()
    {
        TelemetryBatch batch = new();
        batch.Metrics.Add(Enumerable.Range(0, 3).Select(i => new Metric { Name = $"g{i}", Samples = { new MetricSample { TimestampNs = 1, Gauge = 1 } } }));

        Assert.Equal(new BatchOutcome(1, 2, RejectReason.SeriesLimit), _bench.ApplyWhole(batch.ToByteArray()));
        Assert.Equal(1, _bench.Store.SeriesCount);
    }

    [Fact]
    public void Replayed_SamplesPastTheLimit_AreNotCountedTwice()
    {
        TelemetryBatch batch = TelemetryBatch.Parser.ParseFrom(Counters(1, [1, 1, 1, 1, 1]));
        batch.Replay = true;
        _bench.ApplyWhole(batch.ToByteArray());

        Assert.Equal(1, _bench.Store.SeriesCount);
    }

    [Fact]
    public void OverflowSeries_PastTheirOwnLimit_AreNotMade()
    {
        DecoderBench bench = new(new StorageOptions { SeriesMax = 1 }, new IngestOptions { OverflowSeriesMax = 2 });
        for (int name = 0; name < 5; name++)
        {
            bench.ApplyWhole(Counters(1, [1, 1], $"name_{name}"));
        }
        Assert.Equal(1 + 2, bench.Store.SeriesCount);
        Assert.Equal(9, bench.Writer.RejectedByReason[(int)RejectReason.SeriesLimit]);
    }

    [Fact]
    public void Counters_PastTheLimit_AllocateNothingInSteadyState()
    {
        byte[][] batches = [.. Enumerable.Range(1, 50).Select(step => Counters(step, [.. Enumerable.Repeat((ulong)step, Series)]))];
        DecoderBench bench = new(new StorageOptions { SeriesMax = 1, RingSamplesMax = 64 });
        Array.ForEach(batches, batch => bench.Apply(batch));
        Array.ForEach(batches, batch => bench.Apply(batch));
        AllocationMeter meter = AllocationMeter.Start();
        foreach (byte[] batch in batches)
        {
            bench.Apply(batch);
        }
        meter.AssertNothing();
    }

    private Series OverflowSeries() => _bench.Store.AllSeries.ToArray().Single(series => series.Labels.TryGet(OverflowTotal.LabelName, out string? value) && value == OverflowTotal.LabelValue);

    private (int AtNs, ulong Value)[] Overflow() => Read(OverflowSeries());

    private (int AtNs, ulong Value)[] Read(Series series)
    {
        SampleBuffer buffer = new();
        _bench.Store.Read(series, 0, long.MaxValue, buffer);
        return [.. Enumerable.Range(0, buffer.Count).Select(row => ((int)buffer.TimestampsNs[row], buffer.Counter(row)))];
    }

    private static byte[] Counters(int atNs, ulong[] totals, string name = "requests_total")
    {
        TelemetryBatch batch = new();
        for (int i = 0; i < totals.Length; i++)
        {
            batch.Metrics.Add(new Metric
            {
                Name = name, Labels = { ["user"] = $"{i}" }, Samples = { new MetricSample { TimestampNs = (ulong)atNs, Counter = totals[i] } },
            });
        }
        return batch.ToByteArray();
    }
}
