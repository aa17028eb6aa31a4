using Observability.Aggregator.Diagnostics;
using Observability.Aggregator.Rings;
using Observability.Aggregator.Selectors;
using Observability.Aggregator.Storage;
using Observability.Aggregator.Streaming;
using Observability.Aggregator.Streaming.Frames;
using Observability.Aggregator.Streaming.Viewers;

namespace Observability.Aggregator.Tests.Streaming;

public sealed class FrameStreamTests
{
    private const long StartNs = 1_763_769_600_000_000_000;
    private const long IntervalNs = 20 * TestSource.NsPerMs;

    private readonly TelemetryStore _store = new(new StorageOptions(), sessionId: 7);
    private readonly SeriesReader _reader;
    private readonly BinarySink _sink = new();
    private readonly FramePool _pool = new(64 * 1024 * 1024);

    public FrameStreamTests()
    {
        _reader = new SeriesReader(_store);
    }

    [Fact]
    public void Collect_OverTenThousandFrames_AllocatesNothing()
    {
        var source = new TestSource(_store);
        Series[] gauges = source.AddMany(50);
        Series[] counters = [.. Enumerable.Range(0, 20).Select(index => source.Add($"total_{index}", SeriesKind.Counter))];
        Series[] histograms = [.. Enumerable.Range(0, 5).Select(index => source.Add($"latency_{index}", SeriesKind.Histogram))];
        FrameStream full = StreamOf(RateClass.OfHz(60)!);
        FrameStream slow = StreamOf(RateClass.OfHz(5)!);
        long tick = 0;
        double[] values = new double[gauges.Length];
        ulong[] buckets = new ulong[40];

        void Round(int round, bool isWarm)
        {
            long timestampNs = StartNs + (round * IntervalNs);
            values.AsSpan().Fill(round);
            source.AppendRow(timestampNs, gauges[0], values);
            foreach (Series counter in counters)
            {
                source.Append(counter, timestampNs, (ulong)round);
            }
            buckets.AsSpan().Fill((ulong)round);
            foreach (Series histogram in histograms)
            {
                source.Append(histogram, timestampNs, new HistogramSample { Count = 1, Sum = 1, Min = 1, Max = 1, Scale = 3, PositiveCounts = buckets });
            }
            AllocationMeter meter = AllocationMeter.Start();
            Make(full, ++tick, timestampNs).Release();
            if (round % 10 == 9)
            {
                // Every tenth: conflated rows and added-up histograms.
                Make(slow, ++tick, timestampNs).Release();
            }
            if (isWarm)
            {
                meter.AssertNothing();
            }
        }

        for (int round = 0; round < 200; round++)
        {
            Round(round, isWarm: false);
        }
        for (int round = 200; round < 10_200; round++)
        {
            Round(round, isWarm: true);
        }
    }

    [Fact]
    public void Collect_ATickOfAnAgent_WritesItsTimestampOnce()
    {
        var source = new TestSource(_store);
        Series[] series = source.AddMany(100);
        FrameStream stream = StreamOf(RateClass.Fastest);
        source.AppendRow(StartNs, series[0], new double[100]);
        DecodedFrame frame = Decode(Make(stream, 1, StartNs));
        Assert.Equal(100u, frame.SampleCount);
        // Header, section and its three group columns, one time, a hundred values, the stamp's section.
        Assert.Equal(64u + 16 + (3 * 8) + 8 + 800 + 16 + (4 * 8), frame.FrameBytes);
    }

    [Theory]
    [InlineData(60, 64, false)]
    [InlineData(60, 65, true)]
    [InlineData(30, 4, false)]
    [InlineData(30, 5, true)]
    public void Collect_AtAndPastTheRawLimit_ConflatesOnlyPastIt(int hz, int samples, bool conflated)
    {
        var source = new TestSource(_store);
        Series gauge = source.Add("value");
        Series counter = source.Add("total", SeriesKind.Counter);
        FrameStream stream = StreamOf(RateClass.OfHz(hz)!);
        for (int index = 1; index <= samples; index++)
        {
            source.Append(gauge, StartNs + index, (double)index);
            source.Append(counter, StartNs + index, (ulong)(10 * index));
        }
        DecodedFrame frame = Decode(Make(stream, 1, StartNs));
        Assert.Equal((uint)(2 * samples), frame.SampleCount);
        if (!conflated)
        {
            Assert.Empty(frame.Conflated);
            Assert.Equal(samples, frame.Gauges.Single().Bits.Length);
            return;
        }
        Assert.Empty(frame.Gauges);
        DecodedFrame.ConflatedSample row = frame.Conflated.Single(one => one.Series == gauge.Id);
        Assert.Equal(
            (1.0, (double)samples, 1.0, (double)samples, samples * (samples + 1) / 2.0, (uint)samples, StartNs + 1, StartNs + samples),
            (row.First, row.Last, row.Min, row.Max, row.Sum, row.Count, frame.BaseNs + (long)row.StartTime, frame.BaseNs + (long)row.Time));
        DecodedFrame.ConflatedSample total = frame.Conflated.Single(one => one.Series == counter.Id);
        Assert.Equal((10.0, 10.0 * samples, 10.0 * (samples - 1)), (total.First, total.Last, total.Sum));
    }

    [Fact]
    public void Collect_CounterRows_SumIsTheIncreaseSinceTheFrameBeforeAndAcrossResets()
    {
        var source = new TestSource(_store);
        Series counter = source.Add("total", SeriesKind.Counter);
        long timeNs = StartNs;
        source.Append(counter, timeNs, 100UL);
        FrameStream stream = StreamOf(RateClass.OfHz(5)!);
        foreach (ulong total in new ulong[] { 110, 120, 5, 6, 7 })
        {
            source.Append(counter, ++timeNs, total);
        }
        Assert.Equal(10 + 10 + 5 + 1 + 1, Decode(Make(stream, 1, StartNs)).Conflated.Single().Sum);
        foreach (ulong total in new ulong[] { 8, 9, 10, 11, 12 })
        {
            source.Append(counter, ++timeNs, total);
        }
        Assert.Equal(5, Decode(Make(stream, 2, StartNs)).Conflated.Single().Sum);
    }

    [Fact]
    public void Collect_AgentsOwnAggregates_StayRowsAndMergeWithSamples()
    {
        var source = new TestSource(_store);
        Series gauge = source.Add("value");
        FrameStream full = StreamOf(RateClass.Fastest);
        FrameStream slow = StreamOf(RateClass.OfHz(1)!);
        source.Append(gauge, StartNs, 3.0);
        source.AppendAggregate(gauge, StartNs + 1, 5, new AggregateSlot { Min = -7, Max = 70, Sum = 100, Count = 20 });
        source.Append(gauge, StartNs + 2, 4.0);
        source.Append(gauge, StartNs + 3, 6.0);
        source.Append(gauge, StartNs + 4, 2.0);
        DecodedFrame frame = Decode(Make(full, 1, StartNs));
        Assert.Equal(24u, frame.SampleCount);
        Assert.Equal([3.0, 4, 6, 2], frame.Gauges.SelectMany(one => one.Values));
        DecodedFrame.ConflatedSample row = frame.Conflated.Single();
        Assert.Equal((-7.0, 70.0, 100.0, 5.0, 20u), (row.Min, row.Max, row.Sum, row.Last, row.Count));
        DecodedFrame.ConflatedSample merged = Decode(Make(slow, 2, StartNs)).Conflated.Single();
        Assert.Equal((3.0, -7.0, 70.0, 2.0, 115.0, 24u), (merged.First, merged.Min, merged.Max, merged.Last, merged.Sum, merged.Count));
    }

    [Fact]
    public void Collect_NaN_IsLeftOutOfMinAndMax()
    {
        var source = new TestSource(_store);
        Series gauge = source.Add("value");
        FrameStream stream = StreamOf(RateClass.OfHz(5)!);
        foreach (double value in new[] { double.NaN, 2, 9, double.NaN, 4 })
        {
            source.Append(gauge, StartNs, value);
        }
        DecodedFrame.ConflatedSample row = Decode(Make(stream, 1, StartNs)).Conflated.Single();
        Assert.Equal((2.0, 9.0, 5u, double.NaN), (row.Min, row.Max, row.Count, row.Sum));
    }

    [Fact]
    public void Collect_WhenTheRingOverwroteSamples_CountsThem()
    {
        var store = new TelemetryStore(new StorageOptions { RingSamplesMax = 32 }, sessionId: 7);
        var source = new TestSource(store);
        Series gauge = source.Add("value");
        var reader = new SeriesReader(store);
        var stream = new FrameStream(RateClass.Fastest, SetOf(store), FrameFormat.Binary, reader);
        for (int index = 0; index < 100; index++)
        {
            source.Append(gauge, StartNs + index, (double)index);
        }
        _sink.Begin(new FrameHeader(60, FrameFlags.None, 7, 1, StartNs, StartNs));
        stream.Collect(reader, _sink, 1);
        DecodedFrame frame = Decode(_sink.Take(_pool, FrameFlags.None));
        Assert.Equal(100u, frame.SampleCount + frame.OverwrittenCount);
        Assert.True(frame.OverwrittenCount > 0);
        Assert.Equal(99, frame.Gauges.SelectMany(one => one.Values).Last());
    }

    [Theory]
    [InlineData(long.MinValue)]
    [InlineData(-1)]
    [InlineData(long.MaxValue)]
    public void Collect_ASampleFarFromNow_IsCountedAndLeftOut(long timestampNs)
    {
        var source = new TestSource(_store);
        Series gauge = source.Add("value");
        FrameStream stream = StreamOf(RateClass.Fastest);
        source.Append(gauge, StartNs, 1.0);
        source.Append(gauge, timestampNs, 2.0);
        source.Append(gauge, StartNs + 1, 3.0);
        DecodedFrame frame = Decode(Make(stream, 1, StartNs));
        Assert.Equal((2u, 1u), (frame.SampleCount, frame.OverwrittenCount));
        Assert.Equal([1.0, 3], frame.Gauges.SelectMany(one => one.Values));
    }

    [Fact]
    public void TakeNewMembers_AfterASeriesAppeared_BeginsWithItsFirstSample()
    {
        var source = new TestSource(_store);
        var sets = new SeriesSets(_store, new StreamingCounters(new PlatformMetrics()));
        SeriesSet set = sets.Acquire(SetOf(_store));
        var stream = new FrameStream(RateClass.Fastest, set, FrameFormat.Binary, _reader);
        Series late = source.Add("late");
        source.Append(late, StartNs, 1.0);
        Assert.True(sets.TakeNewSeries());
        stream.TakeNewMembers(_reader);
        Assert.Equal([1.0], Decode(Make(stream, 1, StartNs)).Gauges.Single().Values);
    }

    private static SeriesSet SetOf(TelemetryStore store)
    {
        Assert.True(Selector.TryParse("{}", out Selector? selector, out _));
        return new SeriesSets(store, new StreamingCounters(new PlatformMetrics())).FindOrMatch(selector!, 10_000);
    }

    private FrameStream StreamOf(RateClass rate) => new(rate, SetOf(_store), FrameFormat.Binary, _reader);

    private PooledFrame Make(FrameStream stream, long tick, long nowNs)
    {
        _sink.Begin(new FrameHeader(stream.Rate.Hz, FrameFlags.None, _store.SessionId, tick, nowNs, nowNs));
        stream.Collect(_reader, _sink, tick);
        return _sink.Take(_pool, FrameFlags.None);
    }

    private static DecodedFrame Decode(PooledFrame frame)
    {
        DecodedFrame decoded = DecodedFrame.Decode(frame.Memory.Span);
        frame.Release();
        return decoded;
    }
}
