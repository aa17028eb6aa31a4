using Observability.Aggregator.Storage;

namespace Observability.Aggregator.Tests.Storage;

[Collection(WholeProcess.Name)]
public sealed class IdleEvictionTests
{
    private const long Second = 1_000_000_000;
    private const long StartNs = 1_763_769_600 * Second;

    /// <summary>Series that come and go in the test of flat memory. CHURN_SERIES_COUNT=1000000 is the long form.</summary>
    private static readonly int ChurnCount =
        int.TryParse(Environment.GetEnvironmentVariable("CHURN_SERIES_COUNT"), out int count) ? count : 60_000;

    private static readonly StorageOptions ShortLives = new() { IdleSecondsMax = 10, LeaveSecondsMax = 100 };

    [Fact]
    public void Pass_OnceASeriesHasRestedLong_ItLeavesAndComesBackAsAnother()
    {
        Bench bench = new(ShortLives);
        Series[] series = bench.Add("i", 4);
        bench.WriteRows("i", 200, series.Length);
        bench.Rest(90);
        Assert.Equal((4, 0), (bench.Store.SeriesCount, bench.Store.Catalog.EvictedSeries));
        Assert.Equal(200, bench.Read(series[2]).Count);

        bench.Rest(30);

        Assert.Equal((0, 4L, 0, 1L), (bench.Store.SeriesCount, bench.Store.Catalog.EvictedSeries, bench.Store.Sources.Count, bench.Store.Catalog.EvictedSources));
        Assert.All(series, one => Assert.True(one.IsEvicted && one.Source.IsEvicted));
        Assert.Equal((0, 200, 0), (bench.Read(series[2]).Count, series[2].Head, bench.Store.MemoryBytes));
        Assert.Null(bench.Store.SeriesById(series[2].Id));
        Assert.Equal(0, bench.Store.Catalog.CountOfService("s"));

        uint formerSource = series[0].Source.Id;
        Series[] again = bench.Add("i", 4);
        bench.WriteRows("i", 50, again.Length);
        Assert.Equal([5U, 6, 7, 8], again.Select(one => one.Id));
        Assert.True(again[0].Source.Id > formerSource);
        Assert.Equal(Enumerable.Range(0, 50).Select(row => Bench.Value(row, 2)), bench.Read(again[2]));
        Assert.Equal(0, bench.Store.Catalog.CountOfService("other"));
    }

    [Fact]
    public void Pass_WhenSomeOfASourceLeave_TheOthersGoOnInTheirSlots()
    {
        Bench bench = new(ShortLives);
        Series[] all = [.. bench.Add("i", 4), .. bench.Add("i", 4, "late")];
        bench.WriteRows("i", 100, 4);
        bench.WriteRows("i", 100, 4, firstSlot: 4);
        for (int seconds = 0; seconds < 150; seconds++)
        {
            bench.WriteRows("i", 1, 4, firstSlot: all[4].Slot);
            bench.Rest(1);
        }
        Assert.Equal(["late0", "late1", "late2", "late3"], bench.Store.AllSeries.ToArray().Select(one => one.Name));
        Assert.Equal([0, 1, 2, 3], all[4..].Select(one => one.Slot));
        Assert.Equal(all[4..], bench.Store.Sources[0].Series);
        Assert.Equal([all[5]], bench.Store.SeriesAfter(all[4].Id)[..1].ToArray());

        bench.WriteRows("i", 100, 4, firstSlot: 0);
        Assert.Equal(350, bench.Read(all[6]).Count);
        Assert.Equal(Enumerable.Range(0, 350).Select(row => Bench.Value(row, 2)), bench.Read(all[6]));
        Series added = bench.Add("i", 1, "new")[0];
        Assert.Equal((4, 9U), (added.Slot, added.Id));
    }

    [Fact]
    public void Pass_WithinAWritersTurn_LeavesItAlone()
    {
        Bench bench = new(ShortLives);
        bench.Add("i", 2);
        bench.WriteRows("i", 20, 2);
        bench.Writer("i").Enter();
        bench.Rest(300);
        Assert.Equal(2, bench.Store.SeriesCount);
        bench.Writer("i").Exit();
        bench.Rest(20);
        Assert.Equal(0, bench.Store.SeriesCount);
    }

    [Fact]
    public void Pass_WhileASourceIsHeld_ItsSeriesLeaveAndItStays()
    {
        Bench bench = new(ShortLives);
        bench.Add("i", 2);
        bench.WriteRows("i", 20, 2);
        SourceWriter writer = bench.Writer("i");
        Assert.True(bench.Store.Catalog.TryHold(writer));
        bench.Rest(300);
        Assert.Equal((0, 1), (bench.Store.SeriesCount, bench.Store.Sources.Count));
        bench.Store.Catalog.Release(writer);
        bench.Rest(20);
        Assert.Empty(bench.Store.Sources);
        Assert.False(bench.Store.Catalog.TryHold(writer));
        Assert.NotSame(writer, bench.Writer("i"));
    }

    [Fact]
    public void Pass_OnceALimitWasMet_ThoseThatRestLongestGoFirst()
    {
        Bench bench = new(new StorageOptions { IdleSecondsMax = 10, SeriesMax = 100 });
        for (int source = 0; source < 10; source++)
        {
            bench.Add($"i{source}", 10);
            bench.WriteRows($"i{source}", 10, 10);
            bench.Rest(5);
        }
        Assert.Equal(100, bench.Store.SeriesCount);
        Assert.Equal(AddSeriesResult.SeriesLimit, bench.TryAdd("i9", "more"));
        bench.Rest(5);

        Assert.Equal(90, bench.Store.SeriesCount);
        Assert.DoesNotContain(bench.Store.Sources, source => source.Instance == "i0" && source.Series.Count > 0);
        Assert.Equal(AddSeriesResult.Added, bench.TryAdd("i9", "more"));
        bench.Rest(100);
        Assert.Equal(91, bench.Store.SeriesCount);
    }

    [Fact]
    public void Pass_OnceTheLimitOfAServiceWasMet_NoOtherServicesSeriesLeave()
    {
        Bench bench = new(new StorageOptions { IdleSecondsMax = 10, SeriesPerServiceMax = 20 });
        bench.Add("i", 20);
        bench.WriteRows("i", 10, 20);
        SourceWriter other = bench.Store.Catalog.OpenWriter("other", "i");
        other.ReceivedNs = StartNs;
        bench.Store.Catalog.TryAddSeries(other, "m", LabelSet.Empty, SeriesKind.Gauge, "", out Series? stays);
        other.Append(stays!, StartNs, 1.0);
        Assert.Equal(AddSeriesResult.ServiceSeriesLimit, bench.TryAdd("i", "more"));
        bench.Rest(60);
        Assert.False(stays!.IsEvicted);
        Assert.Equal(0, bench.Store.Catalog.CountOfService("s"));
        Assert.Equal(AddSeriesResult.Added, bench.TryAdd("i", "more"));
    }

    [Fact]
    public void Pass_OfHistogramsAndSinglesThatLeave_GivesEveryByteBack()
    {
        Bench bench = new(ShortLives);
        SourceWriter writer = bench.Writer("i");
        bench.Store.Catalog.TryAddSeries(writer, "h", LabelSet.Empty, SeriesKind.Histogram, "", out Series? histogram);
        bench.Store.Catalog.TryAddSeries(writer, "g", LabelSet.Empty, SeriesKind.Gauge, "", out Series? gauge);
        for (int i = 0; i < 500; i++)
        {
            bench.Tick("i");
            Assert.True(writer.TryAppend(histogram!, bench.NowNs, new HistogramSample { Count = 1, Sum = i, Scale = 2, PositiveCounts = [1] }));
            writer.Append(gauge!, bench.NowNs, (double)i);
        }
        bench.Rest(300);
        Assert.Equal((2L, 0L), (bench.Store.Catalog.EvictedSeries, bench.Store.MemoryBytes));
        HistogramBuffer buffer = new();
        Assert.Equal(0, bench.Store.ReadHistograms(histogram!, 0, long.MaxValue, buffer).Count);
    }

    [Fact]
    public void Churn_OfShortLivedSeries_KeepsMemoryFlat()
    {
        Bench bench = new(new StorageOptions { IdleSecondsMax = 5, SeriesMax = 2_000, SourcesMax = 50, LeaveSecondsMax = 86_400 });
        long early = 0;
        int refused = 0;
        for (int round = 0; round * 100 < ChurnCount; round++)
        {
            string instance = $"pod-{round}";
            // Of the limits, one or the other is always met.
            for (int attempt = 0; bench.Store.Catalog.TryOpenWriter("s", instance) is null || bench.TryAdd(instance, "first") == AddSeriesResult.SeriesLimit; attempt++)
            {
                Assert.True(attempt < 5, "Nobody leaves.");
                refused++;
                bench.Rest(2);
            }
            for (int index = 0; index < 100; index++)
            {
                bench.TryAdd(instance, $"m{index}", $"user-{round}-{index}");
            }
            bench.WriteRows(instance, 12, bench.Writer(instance).Source.Series.Count);
            bench.Rest(2);
            Assert.InRange(bench.Store.SeriesCount, 1, 2_000);
            Assert.InRange(bench.Store.Sources.Count, 1, 50);
            if (round * 100 == ChurnCount / 4)
            {
                early = GC.GetTotalMemory(forceFullCollection: true) + bench.Store.MemoryBytes;
            }
        }
        long late = GC.GetTotalMemory(forceFullCollection: true) + bench.Store.MemoryBytes;
        TestContext.Current.TestOutputHelper?.WriteLine(
            $"{ChurnCount:N0} series: {bench.Store.Catalog.EvictedSeries:N0} left, {bench.Store.Catalog.EvictedSources:N0} sources, {refused} refusals, {early / 1024:N0} KB after a quarter, {late / 1024:N0} KB at the end.");
        Assert.True(bench.Store.Catalog.EvictedSeries > ChurnCount * 3L / 4);
        Assert.InRange(late, 0, early + (4 * 1024 * 1024));
    }

    private sealed class Bench(StorageOptions options)
    {
        private readonly Dictionary<string, int> _rows = [];
        private HistorySealer? _sealer;

        public TelemetryStore Store { get; } = new(options, sessionId: 1);

        public long NowNs { get; private set; } = StartNs;

        private HistorySealer Sealer => _sealer ??= new HistorySealer(Store);

        public static double Value(int row, int column) => (row + (column * 1000)) / 10.0;

        public SourceWriter Writer(string instance) => Store.Catalog.OpenWriter("s", instance);

        public Series[] Add(string instance, int count, string prefix = "m") => [.. Enumerable.Range(0, count).Select(index =>
        {
            Tick(instance, ns: 0);
            Assert.Equal(AddSeriesResult.Added, Store.Catalog.TryAddSeries(Writer(instance), $"{prefix}{index}", LabelSet.Empty, SeriesKind.Gauge, "", out Series? series));
            return series!;
        })];

        public AddSeriesResult TryAdd(string instance, string name, string user = "")
        {
            Tick(instance, ns: 0);
            return Store.Catalog.TryAddSeries(Writer(instance), name, LabelSet.From([new Label("user", user)]), SeriesKind.Gauge, "", out _);
        }

        public void Tick(string instance, long ns = Second / 50)
        {
            NowNs += ns;
            SourceWriter writer = Writer(instance);
            writer.ReceivedNs = NowNs;
            writer.Source.NewestReceivedNs = NowNs;
        }

        public void WriteRows(string instance, int rows, int width, int firstSlot = 0)
        {
            double[] values = new double[width];
            for (int i = 0; i < rows; i++)
            {
                Tick(instance);
                int row = (int)Writer(instance).Source.Series[firstSlot].Head;
                for (int column = 0; column < width; column++)
                {
                    values[column] = Value(row, column);
                }
                Writer(instance).AppendRow(NowNs, firstSlot, values);
            }
        }

        /// <summary>The sealer passes as it would.</summary>
        public void Rest(int seconds)
        {
            for (int pass = 0; pass < seconds * 4; pass++)
            {
                NowNs += Second / 4;
                Sealer.Pass(NowNs);
            }
        }

        public List<double> Read(Series series)
        {
            SampleBuffer buffer = new();
            Store.Read(series, 0, long.MaxValue, buffer);
            return [.. Enumerable.Range(0, buffer.Count).Select(buffer.Gauge)];
        }
    }
}
