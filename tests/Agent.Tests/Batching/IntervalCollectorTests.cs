using Observability.Agent.Recording;
using Observability.Protocol.V1;

namespace Observability.Agent.Tests.Batching;

public sealed class IntervalCollectorTests
{
    private const uint RpsRef = 1;
    private const uint RequestsRef = 7;
    private const uint LatencyRef = 9;
    private const uint FirstOwnRef = 10;

    [Fact]
    public void Collect_WithoutRequests_SendsRatesOfZeroTotalsAndNoPercentiles()
    {
        using var recorder = new Recorder();
        TelemetryBatch batch = recorder.PushOne();
        Assert.Empty(batch.Metrics);
        Assert.Equal(2, batch.Ticks.Count);
        Tick gauges = batch.Ticks[0];
        Assert.Equal(RpsRef, gauges.FirstRef);
        Assert.Equal([0.0, 0.0, 0.0], gauges.Gauges);
        Assert.Equal((ulong)recorder.NowNs, gauges.TimestampNs);
        Assert.Equal(RequestsRef, batch.Ticks[1].FirstRef);
        Assert.Equal([0UL, 0UL], batch.Ticks[1].Counters);
        Assert.Equal((ulong)recorder.NowNs, batch.Ticks[1].TimestampNs);
    }

    [Fact]
    public void Collect_WithRequests_SendsPercentilesAndTheLatencyHistogram()
    {
        using var recorder = new Recorder();
        for (int i = 1; i <= 100; i++)
        {
            recorder.Standard.Tracker.Record(i, isError: i % 4 == 0);
        }
        TelemetryBatch batch = recorder.PushOne();
        double[] gauges = [.. batch.Ticks.Single(tick => tick.FirstRef == RpsRef).Gauges];
        Assert.Equal(6, gauges.Length);
        Assert.Equal((100.0, 0.25, 0.0), (gauges[0], gauges[1], gauges[2]));
        Assert.InRange(gauges[3], 49, 52);
        Assert.InRange(gauges[4], 93.5, 97);
        Assert.InRange(gauges[5], 97, 100);
        Assert.Equal([100UL, 25UL], batch.Ticks.Single(tick => tick.FirstRef == RequestsRef).Counters);

        Metric latency = Assert.Single(batch.Metrics);
        Assert.Equal(LatencyRef, latency.SeriesRef);
        Assert.Equal((ulong)recorder.NowNs, Assert.Single(latency.Packed.TimestampsNs));
        Histogram histogram = Assert.Single(latency.Packed.Histograms);
        Assert.Equal((100UL, 5050.0, 1.0, 100.0), (histogram.Count, histogram.Sum, histogram.Min, histogram.Max));
        Assert.Equal(100UL, histogram.PositiveCounts.Aggregate(0UL, (sum, count) => sum + count));
        Assert.Empty(recorder.PushOne().Metrics);           // a delta: nothing new, nothing sent
    }

    [Fact]
    public void Collect_AHistogramWithAllKindsOfValues_DecodesToItsBuckets()
    {
        using var recorder = new Recorder();
        var expected = new HistogramAccumulator();
        HistogramHandle histogram = recorder.Registry.Histogram("h", "", []);
        foreach (double value in new[] { -300.0, -2, 0, 0, 1e-7, 3, 3.01, 4e9 })
        {
            histogram.Record(value);
            expected.Add(value);
        }
        Histogram decoded = Assert.Single(Assert.Single(recorder.PushOne().Metrics).Packed.Histograms);
        Assert.Equal((expected.Scale, (ulong)expected.ZeroCount), (decoded.Scale, decoded.ZeroCount));
        long[] positive = expected.Positive.Used(out int positiveOffset).ToArray();
        long[] negative = expected.Negative.Used(out int negativeOffset).ToArray();
        Assert.Equal(positive, decoded.PositiveCounts.Select(count => (long)count));
        Assert.Equal(negative, decoded.NegativeCounts.Select(count => (long)count));
        Assert.Equal((positiveOffset, negativeOffset), (decoded.PositiveOffset, decoded.NegativeOffset));
    }

    [Fact]
    public void Collect_GaugesSetAtOneInstant_FormOneTick()
    {
        using var recorder = new Recorder();
        GaugeHandle[] gauges = [.. "abcd".Select(name => recorder.Registry.Gauge($"{name}", "", []))];
        ulong setAt = (ulong)recorder.NowNs;
        foreach (GaugeHandle gauge in gauges.Reverse())
        {
            gauge.Set(gauge.SeriesRef);
        }
        TelemetryBatch batch = recorder.PushOne();
        Tick tick = batch.Ticks.Single(t => t.FirstRef == FirstOwnRef);
        Assert.Equal([10.0, 11, 12, 13], tick.Gauges);
        Assert.Equal(setAt, tick.TimestampNs);
    }

    [Fact]
    public void Collect_AGaugeSetSeveralTimes_SendsEachSampleWithItsTime()
    {
        using var recorder = new Recorder();
        GaugeHandle gauge = recorder.Registry.Gauge("g", "", []);
        GaugeHandle other = recorder.Registry.Gauge("other", "", []);
        var times = new List<ulong>();
        for (int i = 0; i < 5; i++)
        {
            recorder.Time.Advance(TimeSpan.FromMilliseconds(1));
            times.Add((ulong)recorder.NowNs);
            gauge.Set(i);
        }
        other.Set(99);
        TelemetryBatch batch = recorder.PushOne();
        Metric metric = Assert.Single(batch.Metrics);
        Assert.Equal(FirstOwnRef, metric.SeriesRef);
        Assert.Equal([0.0, 1, 2, 3, 4], metric.Packed.Gauges);
        Assert.Equal(times, metric.Packed.TimestampsNs);
        Assert.Equal([99.0], batch.Ticks.Single(t => t.FirstRef == FirstOwnRef + 1).Gauges);
    }

    [Fact]
    public void Collect_GaugesBeyondTheBuffer_MergesTheRestAndCountsNoDrop()
    {
        using var recorder = new Recorder(bufferSize: 16);
        GaugeHandle gauge = recorder.Registry.Gauge("g", "", []);
        for (int i = 0; i < 16 + 10; i++)
        {
            gauge.Set(i);
        }
        TelemetryBatch batch = recorder.PushOne();
        Metric packed = batch.Metrics.Single(m => m.Packed is not null);
        Assert.Equal(Enumerable.Range(0, 16).Select(i => (double)i), packed.Packed.Gauges);
        PackedAggregates merged = batch.Metrics.Single(m => m.Aggregates is not null).Aggregates;
        Assert.Equal((16.0, 25.0, 205.0, 25.0, 10UL), (merged.Min[0], merged.Max[0], merged.Sum[0], merged.Last[0], merged.Count[0]));
        Assert.Equal((ulong)recorder.NowNs, merged.TimestampsNs[0]);
        Assert.Equal(10, recorder.Context.Drops.MergedCount);
        Assert.Equal(0, recorder.Ledger(out _).Dropped);
        gauge.Set(7);                                       // room again after the push
        Assert.Equal([7.0], recorder.PushOne().Ticks.Single(t => t.FirstRef == FirstOwnRef).Gauges);
    }

    [Fact]
    public void Collect_CountersWithGaugesBetween_FormRunsOfConsecutiveRefs()
    {
        using var recorder = new Recorder();
        recorder.Registry.Counter("a", "", []).Add(1);
        recorder.Registry.Counter("b", "", []).Add(2);
        recorder.Registry.Gauge("g", "", []);
        recorder.Registry.Counter("c", "", []).Add(3);
        Tick[] ticks = [.. recorder.PushOne().Ticks.Where(tick => tick.Counters.Count > 0)];
        Assert.Equal([7U, 10U, 13U], ticks.Select(tick => tick.FirstRef));
        Assert.Equal([1UL, 2UL], ticks[1].Counters);
        Assert.Equal([3UL], ticks[2].Counters);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(10)]
    public void Collect_MoreThanABatchHolds_CutsIntoBatchesAndLosesNothing(int batchSize)
    {
        using var recorder = new Recorder(bufferSize: 1024, batchSize: batchSize);
        GaugeHandle gauge = recorder.Registry.Gauge("g", "", []);
        for (int i = 0; i < 7; i++)
        {
            recorder.Registry.Counter($"c{i}", "", []).Add(i);
        }
        for (int i = 0; i < 25; i++)
        {
            gauge.Set(i);
        }
        recorder.Registry.Histogram("h", "", []).Record(1);
        recorder.Push();
        List<TelemetryBatch> batches = recorder.Taken();
        Assert.All(batches, batch => Assert.InRange(Samples(batch), 1, batchSize));
        Assert.Equal(25 + 7 + 2 + 3 + 1, batches.Sum(Samples));
        Assert.Equal(Enumerable.Range(0, 25).Select(i => (double)i), batches.SelectMany(b => b.Metrics).Where(m => m.SeriesRef == FirstOwnRef).SelectMany(m => m.Packed.Gauges));
        ulong[] totals = [.. batches.SelectMany(b => b.Ticks).Where(t => t.FirstRef > FirstOwnRef).OrderBy(t => t.FirstRef).SelectMany(t => t.Counters)];
        Assert.Equal(Enumerable.Range(0, 7).Select(i => (ulong)i), totals);
        Assert.Equal(Enumerable.Range(1, batches.Count).Select(i => (ulong)i), batches.Select(b => b.Sequence));
    }

    [Fact]
    public void Collect_ManyRandomRecordings_DecodeToWhatWasRecorded()
    {
        using var recorder = new Recorder(bufferSize: 4096, bytesMax: 1 << 24);
        var random = new Random(21);
        GaugeHandle[] gauges = [.. Enumerable.Range(0, 20).Select(i => recorder.Registry.Gauge("g", "", [("n", $"{i}")]))];
        for (int round = 0; round < 100; round++)
        {
            var expected = new Dictionary<uint, List<(ulong, double)>>();
            for (int i = random.Next(60); i > 0; i--)
            {
                GaugeHandle gauge = gauges[random.Next(gauges.Length)];
                double value = random.NextDouble();
                gauge.Set(value);
                if (!expected.TryGetValue((uint)gauge.SeriesRef, out List<(ulong, double)>? list))
                {
                    expected[(uint)gauge.SeriesRef] = list = [];
                }
                list.Add(((ulong)recorder.NowNs, value));
                recorder.Time.Advance(TimeSpan.FromMicroseconds(random.Next(2) * 50));
            }
            recorder.Push();
            Dictionary<uint, List<(ulong, double)>> decoded = Gauges(recorder.Taken());
            Assert.Equal(expected.Keys.Order(), decoded.Keys.Where(r => r >= FirstOwnRef).Order());
            Assert.All(expected, pair => Assert.Equal(pair.Value, decoded[pair.Key]));
        }
    }

    [Fact]
    public void Collect_InSteadyState_AllocatesNothing()
    {
        using var recorder = new Recorder(bufferSize: 1024, bytesMax: 65_536);
        GaugeHandle gauge = recorder.Registry.Gauge("g", "", []);
        CounterHandle counter = recorder.Registry.Counter("c", "", []);
        HistogramHandle histogram = recorder.Registry.Histogram("h", "", []);
        void Run()
        {
            for (int push = 0; push < 2000; push++)
            {
                for (int i = 0; i < 30; i++)
                {
                    gauge.Set(i);
                    counter.Add();
                    histogram.Record(i * push);
                    recorder.Standard.Tracker.Record(i, isError: false);
                }
                recorder.Push();
                recorder.Log.Acknowledge((ulong)push, 0, 1);
            }
        }
        Assert.Equal(0, Allocation.Of(Run));
    }

    private static int Samples(TelemetryBatch batch) =>
        batch.Ticks.Sum(t => t.Gauges.Count + t.Counters.Count)
        + batch.Metrics.Sum(m => m.Packed is { } packed ? packed.TimestampsNs.Count : m.Aggregates.TimestampsNs.Count);

    private static Dictionary<uint, List<(ulong, double)>> Gauges(IEnumerable<TelemetryBatch> batches)
    {
        var series = new Dictionary<uint, List<(ulong, double)>>();
        void Add(uint seriesRef, ulong timestamp, double value)
        {
            if (!series.TryGetValue(seriesRef, out List<(ulong, double)>? list))
            {
                series[seriesRef] = list = [];
            }
            list.Add((timestamp, value));
        }
        foreach (TelemetryBatch batch in batches)
        {
            foreach (Metric metric in batch.Metrics)
            {
                for (int i = 0; i < metric.Packed.Gauges.Count; i++)
                {
                    Add(metric.SeriesRef, metric.Packed.TimestampsNs[i], metric.Packed.Gauges[i]);
                }
            }
            foreach (Tick tick in batch.Ticks)
            {
                for (int i = 0; i < tick.Gauges.Count; i++)
                {
                    Add(tick.FirstRef + (uint)i, tick.TimestampNs, tick.Gauges[i]);
                }
            }
        }
        return series;
    }

    /// <summary>docs/usage.md tells the figure.</summary>
    [Fact]
    public void Collect_WithoutAnAggregatorAtTheDefaults_BridgesFiveMinutes()
    {
        var defaults = new TelemetryAgentOptions();
        using var recorder = new Recorder(defaults.BufferSize, defaults.BatchSize, defaults.SeriesMax, defaults.RetainedBytesMax, defaults.PushIntervalMs);
        var random = new Random(1);
        int pushes = 0;
        for (long dropped = 0; dropped == 0; pushes++)
        {
            // 40 requests a second, and eight gauges of the service's own that are set in every push.
            if (pushes % 5 < 4)
            {
                recorder.Standard.Tracker.Record(random.NextDouble() * 100, isError: false);
            }
            for (int gauge = 0; gauge < 8; gauge++)
            {
                recorder.Registry.Gauge("own", "", [("n", Numbers[gauge])]).Set(pushes);
            }
            recorder.Push();
            recorder.Ledger(out long[] reasons);
            dropped = reasons[(int)DropReason.BufferFull];
        }
        var bridged = TimeSpan.FromMilliseconds(pushes * defaults.PushIntervalMs);
        TestContext.Current.TestOutputHelper?.WriteLine($"An outage of {bridged.TotalMinutes:0.0} minutes fits into RETAINED_BYTES_MAX.");
        Assert.InRange(bridged, TimeSpan.FromMinutes(5), TimeSpan.FromMinutes(11));
    }

    private static readonly string[] Numbers = [.. Enumerable.Range(0, 8).Select(i => $"{i}")];
}
