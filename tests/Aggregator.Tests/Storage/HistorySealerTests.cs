using Observability.Aggregator.Rings;
using Observability.Aggregator.Storage;

namespace Observability.Aggregator.Tests.Storage;

public sealed class HistorySealerTests
{
    private const long Second = 1_000_000_000;
    private const long StartNs = 1_763_769_600 * Second;

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(40)]
    public void Read_OverRingAndBlocks_IsSeamless(int width)
    {
        Bench bench = new(width);
        bench.Write(3000, passEvery: 13);
        SampleBuffer buffer = new();

        for (int column = 0; column < width; column += 3)
        {
            buffer.Clear();
            Assert.Equal(new ReadResult(3000, 0, false), bench.Store.Read(bench.Series[column], 0, long.MaxValue, buffer));
            for (int row = 0; row < 3000; row++)
            {
                Assert.Equal((Bench.TimeNs(row), Bench.Value(row, column)), (buffer.TimestampsNs[row], buffer.Gauge(row)));
            }
            buffer.Clear();
            Assert.Equal(new ReadResult(501, 0, false), bench.Store.Read(bench.Series[column], Bench.TimeNs(1000), Bench.TimeNs(1500), buffer));
            Assert.Equal(Bench.Value(1000, column), buffer.Gauge(0));
            long cursor = 2500;
            buffer.Clear();
            Assert.Equal(500, bench.Store.ReadNew(bench.Series[column], ref cursor, buffer, int.MaxValue).Count);
            Assert.Equal(Bench.Value(2500, column), buffer.Gauge(0));
        }
        Assert.InRange(bench.Series[0].Capacity, 64, 256);
    }

    [Fact]
    public void Read_OfConflatedSamplesInBlocks_HasTheirColumns()
    {
        Bench bench = new(1);
        for (int i = 0; i < 400; i++)
        {
            bench.Writer.ReceivedNs = StartNs;
            bench.Writer.AppendAggregate(bench.Series[0], StartNs + i, i + 0.25, new AggregateSlot { Min = -i, Max = i, Sum = i * 2.5, Count = (ulong)i + 1 });
            bench.Writer.Append(bench.Series[0], StartNs + i, (double)i);
            bench.Sealer.Pass(StartNs);
        }
        SampleBuffer buffer = new();
        Assert.Equal(new ReadResult(800, 0, false), bench.Store.Read(bench.Series[0], 0, long.MaxValue, buffer));
        for (int i = 0; i < 400; i++)
        {
            Assert.Equal((-i, i, i * 2.5, i + 0.25, (ulong)i + 1),
                (buffer.Min[2 * i], buffer.Max[2 * i], buffer.Sum[2 * i], buffer.Gauge(2 * i), buffer.Counts[2 * i]));
            Assert.False(buffer.IsAggregate((2 * i) + 1));
        }
    }

    [Fact]
    public void Pass_AfterTheRetention_ForgetsTheOldestAndTellsIt()
    {
        Bench bench = new(4, new StorageOptions { HistorySecondsMax = 10 });
        bench.Write(3000, passEvery: 10);
        SampleBuffer buffer = new();

        ReadResult read = bench.Store.Read(bench.Series[1], 0, long.MaxValue, buffer);

        Assert.Equal(3000, read.Count + read.Overwritten);
        // A merged block of up to 512 rows goes as one.
        Assert.InRange(read.Count, 500, 1100);
        Assert.Equal(Bench.Value(2999, 1), buffer.Gauge(read.Count - 1));
        Assert.Equal(0, bench.Store.Read(bench.Series[1], Bench.TimeNs(2600), long.MaxValue, buffer).Overwritten);
    }

    [Fact]
    public void Pass_OverAnIdleSeries_GivesItsRingBackAndKeepsItsHistory()
    {
        Bench bench = new(4);
        bench.Write(100, passEvery: 10);
        bench.Sealer.Pass(Bench.TimeNs(100) + (70 * Second));

        Assert.Equal(0, bench.Series[0].Capacity);
        Assert.Equal(1, bench.Sealer.ParkedCount - bench.ClosedGroups);
        SampleBuffer buffer = new();
        Assert.Equal(new ReadResult(100, 0, false), bench.Store.Read(bench.Series[2], 0, long.MaxValue, buffer));

        bench.Write(200, passEvery: 10);
        buffer.Clear();
        Assert.Equal(new ReadResult(300, 0, false), bench.Store.Read(bench.Series[2], 0, long.MaxValue, buffer));
        Assert.Equal(Enumerable.Range(0, 300).Select(row => Bench.Value(row, 2)), Enumerable.Range(0, 300).Select(buffer.Gauge));
    }

    [Fact]
    public void Pass_AskedToStop_LeavesTheRestToTheEnd()
    {
        Bench bench = new(4);
        bench.Write(200, passEvery: 1000);
        long before = bench.Sealer.SealedSamples;

        bench.Sealer.PassUntil(Bench.TimeNs(200), new CancellationToken(canceled: true));
        Assert.Equal(before, bench.Sealer.SealedSamples);

        bench.Sealer.SealAll(Bench.TimeNs(200), long.MaxValue);
        Assert.Equal(200 * 4, bench.Sealer.SealedSamples);
        SampleBuffer buffer = new();
        Assert.Equal(new ReadResult(200, 0, false), bench.Store.Read(bench.Series[2], 0, long.MaxValue, buffer));
    }

    [Fact]
    public void Pass_NearTheBudget_EvictsTheOldestAndNeverThePresent()
    {
        Bench bench = new(200, new StorageOptions { MemoryBudgetBytes = 1024 * 1024, HistorySecondsMax = 86_400 });
        bench.Write(6000, passEvery: 10, isNoise: true);
        SampleBuffer buffer = new();

        ReadResult read = bench.Store.Read(bench.Series[150], 0, long.MaxValue, buffer);

        Assert.InRange(bench.Store.MemoryBytes, 500_000, 1024 * 1024);
        Assert.True(bench.Sealer.EvictedBytes > 0);
        Assert.Equal(6000, read.Count + read.Overwritten);
        Assert.InRange(read.Count, 200, 2000);
        Assert.Equal(Bench.TimeNs(5999), buffer.TimestampsNs[read.Count - 1]);
        Assert.Equal(0, bench.Sealer.LostRows);
    }

    [Fact]
    public void Pass_OnceClosedGroupsAreEmpty_TracksForgetThem()
    {
        Bench bench = new(6, new StorageOptions { HistorySecondsMax = 5, SecondRollupsSecondsMax = 5, MinuteRollupsSecondsMax = 5 });
        bench.Write(200, passEvery: 10);
        for (int i = 0; i < 10; i++)
        {
            bench.Writer.Append(bench.Series[3], Bench.TimeNs(200 + i), 1.0);
        }
        Assert.NotNull(bench.Series[3].Track!.Former);
        for (int pass = 0; pass < 200; pass++)
        {
            bench.Sealer.Pass(Bench.TimeNs(200) + (20 * Second));
        }

        Assert.Null(bench.Series[3].Track!.Former);
        Assert.Equal(210, bench.Series[3].Head);
        SampleBuffer buffer = new();
        ReadResult read = bench.Store.Read(bench.Series[3], 0, long.MaxValue, buffer);
        Assert.Equal(210, read.Count + read.Overwritten);
    }

    private sealed class Bench
    {
        private int _next;

        public Bench(int width, StorageOptions? options = null)
        {
            Store = new TelemetryStore(options ?? new StorageOptions(), sessionId: 1);
            Sealer = new HistorySealer(Store);
            Writer = Store.Catalog.OpenWriter("s", "i");
            Series = [.. Enumerable.Range(0, width).Select(index =>
            {
                Assert.Equal(AddSeriesResult.Added, Store.Catalog.TryAddSeries(Writer, $"m{index}", LabelSet.Empty, SeriesKind.Gauge, "", out Series? series));
                return series!;
            })];
        }

        public TelemetryStore Store { get; }

        public HistorySealer Sealer { get; }

        public SourceWriter Writer { get; }

        public Series[] Series { get; }

        /// <summary>The groups of one that a group was formed from.</summary>
        public int ClosedGroups => Series.Length;

        public static long TimeNs(int row) => StartNs + (row * Second / 50);

        public static double Value(int row, int column) => (row + (column * 1000)) / 10.0;

        public void Write(int rows, int passEvery, bool isNoise = false)
        {
            Random random = new(1);
            double[] values = new double[Series.Length];
            for (int i = 0; i < rows; i++, _next++)
            {
                for (int column = 0; column < values.Length; column++)
                {
                    values[column] = isNoise ? random.NextDouble() : Value(_next, column);
                }
                Writer.ReceivedNs = TimeNs(_next);
                Writer.AppendRow(TimeNs(_next), 0, values);
                if (_next % passEvery == 0)
                {
                    Sealer.Pass(TimeNs(_next));
                }
            }
        }
    }
}
