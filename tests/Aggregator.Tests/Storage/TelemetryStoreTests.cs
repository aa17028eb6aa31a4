using Observability.Aggregator.Rings;
using Observability.Aggregator.Storage;

namespace Observability.Aggregator.Tests.Storage;

public sealed class TelemetryStoreTests
{
    private readonly TelemetryStore _store = new(new StorageOptions { RingSamplesMax = 64 }, sessionId: 1);

    [Fact]
    public void TryAddSeries_NewIdentity_GetsDenseIdsAndSlotsAndGrowsTheVersion()
    {
        SourceWriter first = _store.Catalog.OpenWriter("checkout", "a-1");
        SourceWriter second = _store.Catalog.OpenWriter("checkout", "a-2");
        long version = _store.CatalogVersion;

        Series rps = Add(first, "rps", SeriesKind.Gauge);
        Series other = Add(second, "rps", SeriesKind.Gauge);
        Series labelled = Add(first, "rps", SeriesKind.Gauge, LabelSet.From(("route", "/"), ("a", "b")));

        Assert.Equal([1u, 2u, 3u], [rps.Id, other.Id, labelled.Id]);
        Assert.Equal([0, 0, 1], [rps.Slot, other.Slot, labelled.Slot]);
        Assert.Equal([rps, labelled], first.Source.Series);
        Assert.Equal([first.Source, second.Source], _store.Sources);
        Assert.Same(labelled, _store.SeriesById(3));
        Assert.Null(_store.SeriesById(0));
        Assert.Null(_store.SeriesById(4));
        Assert.Equal(version + 3, _store.CatalogVersion);
        Assert.Same(first, _store.Catalog.OpenWriter("checkout", "a-1"));
    }

    [Fact]
    public void TryAddSeries_KnownIdentity_IsTheSameSeriesWhateverTheOrderOfLabels()
    {
        SourceWriter writer = _store.Catalog.OpenWriter("s", "i");
        Series series = Add(writer, "m", SeriesKind.Counter, LabelSet.From(("b", "2"), ("a", "1"), ("empty", "")));

        Assert.Equal(AddSeriesResult.Exists,
            _store.Catalog.TryAddSeries(writer, "m", LabelSet.From(("a", "1"), ("b", "2")), SeriesKind.Counter, "", out Series? again));
        Assert.Same(series, again);
        Assert.Equal("{a=\"1\",b=\"2\"}", series.Labels.ToString());
    }

    [Fact]
    public void TryAddSeries_AnotherKind_IsRefused()
    {
        SourceWriter writer = _store.Catalog.OpenWriter("s", "i");
        Add(writer, "m", SeriesKind.Counter);

        Assert.Equal(AddSeriesResult.KindMismatch, _store.Catalog.TryAddSeries(writer, "m", LabelSet.Empty, SeriesKind.Gauge, "", out Series? series));
        Assert.Null(series);
    }

    [Fact]
    public void TryAddSeries_UnitToldLater_GrowsTheVersionOnce()
    {
        SourceWriter writer = _store.Catalog.OpenWriter("s", "i");
        Series series = Add(writer, "m", SeriesKind.Gauge);
        long version = _store.CatalogVersion;

        _store.Catalog.TryAddSeries(writer, "m", LabelSet.Empty, SeriesKind.Gauge, "ms", out _);
        _store.Catalog.TryAddSeries(writer, "m", LabelSet.Empty, SeriesKind.Gauge, "s", out _);

        Assert.Equal("ms", series.Unit);
        Assert.Equal(version + 1, _store.CatalogVersion);
    }

    [Theory]
    [InlineData(4, 0, 3, 5, AddSeriesResult.Added)]
    [InlineData(5, 0, 3, 5, AddSeriesResult.NameLimit)]
    [InlineData(0, 0, 3, 5, AddSeriesResult.NameLimit)]
    [InlineData(4, 2, 3, 5, AddSeriesResult.Added)]
    [InlineData(4, 3, 3, 5, AddSeriesResult.LabelCountLimit)]
    [InlineData(4, 2, 4, 5, AddSeriesResult.LabelNameLimit)]
    [InlineData(4, 2, 3, 6, AddSeriesResult.LabelValueLimit)]
    public void TryAddSeries_AtEachLengthLimitAndOnePast_IsAddedOrRefused(
        int nameLength, int labels, int labelNameLength, int labelValueLength, object expected)
    {
        TelemetryStore store = new(new StorageOptions { NameBytesMax = 4, LabelsMax = 2, LabelNameBytesMax = 3, LabelValueBytesMax = 5 }, 1);
        LabelSet set = LabelSet.From(Enumerable.Range(0, labels).Select(i => new Label(new string((char)('a' + i), labelNameLength), new string('v', labelValueLength))));

        Assert.Equal(expected, store.Catalog.TryAddSeries(store.Catalog.OpenWriter("s", "i"), new string('n', nameLength), set, SeriesKind.Gauge, "", out _));
        Assert.Equal(AddSeriesResult.Added, store.Catalog.TryAddSeries(store.Catalog.OpenWriter("s", "i"), "ok", LabelSet.Empty, SeriesKind.Gauge, "", out _));
    }

    [Theory]
    [InlineData("service")]
    [InlineData("instance")]
    [InlineData("__name__")]
    public void TryAddSeries_LabelThatTheIdentityOwns_IsKeptAsExported(string name)
    {
        SourceWriter writer = _store.Catalog.OpenWriter("s", "i");
        Assert.Equal(AddSeriesResult.Added, _store.Catalog.TryAddSeries(writer, "m", LabelSet.From((name, "x")), SeriesKind.Gauge, "", out Series? series));
        Assert.Equal($"{{exported_{name}=\"x\"}}", series!.Labels.ToString());
    }

    [Fact]
    public void TryAddSeries_PastTheSeriesLimits_RefusesNewOnesAndKeepsOldOnes()
    {
        TelemetryStore store = new(new StorageOptions { SeriesMax = 3, SeriesPerServiceMax = 2, SourcesMax = 2 }, 1);
        SourceWriter a = store.Catalog.OpenWriter("a", "1");
        SourceWriter b = store.Catalog.OpenWriter("b", "1");
        Assert.Null(store.Catalog.TryOpenWriter("c", "1"));
        Assert.Throws<InvalidOperationException>(() => store.Catalog.OpenWriter("c", "1"));

        Assert.Equal(AddSeriesResult.Added, store.Catalog.TryAddSeries(a, "m1", LabelSet.Empty, SeriesKind.Gauge, "", out _));
        Assert.Equal(AddSeriesResult.Added, store.Catalog.TryAddSeries(a, "m2", LabelSet.Empty, SeriesKind.Gauge, "", out _));
        Assert.Equal(AddSeriesResult.ServiceSeriesLimit, store.Catalog.TryAddSeries(a, "m3", LabelSet.Empty, SeriesKind.Gauge, "", out _));
        Assert.Equal(AddSeriesResult.Added, store.Catalog.TryAddSeries(b, "m1", LabelSet.Empty, SeriesKind.Gauge, "", out _));
        Assert.Equal(AddSeriesResult.SeriesLimit, store.Catalog.TryAddSeries(b, "m2", LabelSet.Empty, SeriesKind.Gauge, "", out _));
        Assert.Equal(AddSeriesResult.Exists, store.Catalog.TryAddSeries(a, "m1", LabelSet.Empty, SeriesKind.Gauge, "", out _));
        Assert.Equal(3, store.SeriesCount);
        Assert.Equal(2, store.Catalog.CountOfService("a"));
    }

    [Fact]
    public void AppendRow_ConsecutiveSlots_EachSeriesGetsItsValue()
    {
        SourceWriter writer = _store.Catalog.OpenWriter("s", "i");
        Series[] gauges = [.. Enumerable.Range(0, 3).Select(i => Add(writer, "g" + i, SeriesKind.Gauge))];
        Series[] counters = [.. Enumerable.Range(0, 2).Select(i => Add(writer, "c" + i, SeriesKind.Counter))];

        writer.AppendRow(1000, 0, [1.5, double.NaN, double.NegativeInfinity]);
        writer.AppendRow(1000, 3, [7UL, ulong.MaxValue]);

        SampleBuffer buffer = new();
        foreach (Series series in gauges.Concat(counters))
        {
            Assert.Equal(new ReadResult(1, 0, false), _store.Read(series, 0, long.MaxValue, buffer));
        }
        Assert.Equal([1000, 1000, 1000, 1000, 1000], buffer.TimestampsNs[..5]);
        Assert.Equal([1.5, double.NaN, double.NegativeInfinity], Enumerable.Range(0, 3).Select(buffer.Gauge));
        Assert.Equal([7UL, ulong.MaxValue], Enumerable.Range(3, 2).Select(buffer.Counter));
    }

    [Fact]
    public void Read_Range_IsInclusiveAndTellsWhatWasOverwrittenBeforeIt()
    {
        SourceWriter writer = _store.Catalog.OpenWriter("s", "i");
        Series series = Add(writer, "m", SeriesKind.Gauge);
        for (int i = 0; i < 100; i++)
        {
            writer.Append(series, i * 10, (double)i);
        }
        SampleBuffer buffer = new();

        Assert.Equal(new ReadResult(3, 0, false), _store.Read(series, 500, 520, buffer));
        Assert.Equal([50, 51, 52], Enumerable.Range(0, 3).Select(row => (int)buffer.Gauge(row)));
        Assert.Equal(new ReadResult(63, 37, false), _store.Read(series, 0, long.MaxValue, buffer));
        Assert.Equal(new ReadResult(0, 0, false), _store.Read(series, 5000, 6000, buffer));
        Assert.Equal(new ReadResult(0, 37, false), _store.Read(series, 0, 100, buffer));
    }

    [Fact]
    public void Read_OutOfOrderSamples_KeepsTheOrderOfAppending()
    {
        SourceWriter writer = _store.Catalog.OpenWriter("s", "i");
        Series series = Add(writer, "m", SeriesKind.Counter);
        foreach (long timestamp in new long[] { 100, 300, 200, 400 })
        {
            writer.Append(series, timestamp, (ulong)timestamp);
        }
        SampleBuffer buffer = new();

        Assert.Equal(3, _store.Read(series, 150, 500, buffer).Count);
        Assert.Equal([300, 200, 400], buffer.TimestampsNs[..3]);
    }

    [Fact]
    public void Read_IntoAFullBuffer_IsTruncatedAndGoesOnAfterClear()
    {
        SourceWriter writer = _store.Catalog.OpenWriter("s", "i");
        Series series = Add(writer, "m", SeriesKind.Gauge);
        for (int i = 0; i < 20; i++)
        {
            writer.Append(series, i, (double)i);
        }
        SampleBuffer buffer = new(countMax: 8);

        Assert.Equal(new ReadResult(8, 0, Truncated: true), _store.Read(series, 0, 100, buffer));
        buffer.Clear();
        Assert.Equal(new ReadResult(8, 0, Truncated: false), _store.Read(series, 12, 100, buffer));
    }

    [Fact]
    public void ReadNew_WithACursor_BringsEachSampleOnceAndCountsTheOverwritten()
    {
        SourceWriter writer = _store.Catalog.OpenWriter("s", "i");
        Series series = Add(writer, "m", SeriesKind.Gauge);
        long cursor = series.Head;
        SampleBuffer buffer = new();
        Assert.Equal(default, _store.ReadNew(series, ref cursor, buffer, 100));
        for (int i = 0; i < 10; i++)
        {
            writer.Append(series, i, (double)i);
        }
        Assert.Equal(new ReadResult(4, 0, Truncated: true), _store.ReadNew(series, ref cursor, buffer, 4));
        Assert.Equal(new ReadResult(6, 0, Truncated: false), _store.ReadNew(series, ref cursor, buffer, 100));
        for (int i = 10; i < 110; i++)
        {
            writer.Append(series, i, (double)i);
        }
        Assert.Equal(new ReadResult(63, 37, Truncated: false), _store.ReadNew(series, ref cursor, buffer, 100));
        Assert.Equal(series.Head, cursor);
        Assert.Equal(Enumerable.Range(0, 10).Concat(Enumerable.Range(47, 63)), Enumerable.Range(0, buffer.Count).Select(row => (int)buffer.Gauge(row)));
    }

    [Fact]
    public void AppendAggregate_ReadBack_HasItsMinMaxSumLastAndCount()
    {
        SourceWriter writer = _store.Catalog.OpenWriter("s", "i");
        Series series = Add(writer, "m", SeriesKind.Gauge);
        writer.Append(series, 1, 1.0);
        writer.AppendAggregate(series, 2, 4, new AggregateSlot { Min = -1, Max = 9, Sum = 12, Count = 3 });
        SampleBuffer buffer = new();
        long cursor = 0;

        Assert.Equal(2, _store.ReadNew(series, ref cursor, buffer, 10).Count);
        Assert.True(buffer.HasAggregates);
        Assert.False(buffer.IsAggregate(0));
        Assert.Equal((-1.0, 9.0, 12.0, 4.0, 3UL), (buffer.Min[1], buffer.Max[1], buffer.Sum[1], buffer.Gauge(1), buffer.Counts[1]));
    }

    [Fact]
    public void IsStale_AfterFiveSecondsOrTenIntervals_ByTheTimeOfReceipt()
    {
        const long Now = 1_700_000_000_000_000_000;
        const long Second = 1_000_000_000;
        SourceWriter writer = _store.Catalog.OpenWriter("s", "i");
        Series series = Add(writer, "m", SeriesKind.Gauge);
        writer.ReceivedNs = Now;
        writer.Append(series, 5, 1.0);    // The agent's clock is wrong by decades.

        Assert.False(series.IsStale(Now + (5 * Second)));
        Assert.True(series.IsStale(Now + (5 * Second) + 1));
        writer.Source.PushIntervalMs = 1000;
        Assert.False(series.IsStale(Now + (10 * Second)));
        Assert.True(series.IsStale(Now + (10 * Second) + 1));
    }

    [Fact]
    public void AppendAndRead_InSteadyState_AllocateNothing()
    {
        SourceWriter writer = _store.Catalog.OpenWriter("s", "i");
        Series[] gauges = [.. Enumerable.Range(0, 8).Select(i => Add(writer, "g" + i, SeriesKind.Gauge))];
        Series histogram = Add(writer, "h", SeriesKind.Histogram);
        double[] values = new double[8];
        long[] cursors = new long[8];
        ulong[] buckets = [1, 2, 3, 400];
        SampleBuffer buffer = new();
        HistogramBuffer histograms = new();
        long histogramCursor = 0;
        AllocationMeter meter = default;
        for (int i = 0; i < 5_000; i++)
        {
            if (i == 1_000)
            {
                meter = AllocationMeter.Start();
            }
            writer.AppendRow(i, 0, values);
            writer.TryAppend(histogram, i, new HistogramSample { Count = 406, Scale = 3, PositiveCounts = buckets });
            for (int s = 0; s < gauges.Length; s++)
            {
                _store.ReadNew(gauges[s], ref cursors[s], buffer, 16);
            }
            _store.ReadNewHistograms(histogram, ref histogramCursor, histograms, 16);
            buffer.Clear();
            histograms.Clear();
        }
        meter.AssertNothing();
    }

    private Series Add(SourceWriter writer, string name, SeriesKind kind, LabelSet? labels = null)
    {
        Assert.Equal(AddSeriesResult.Added, _store.Catalog.TryAddSeries(writer, name, labels ?? LabelSet.Empty, kind, "", out Series? series));
        return series!;
    }
}
