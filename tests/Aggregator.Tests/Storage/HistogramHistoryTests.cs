using Observability.Aggregator.Storage;

namespace Observability.Aggregator.Tests.Storage;

public sealed class HistogramHistoryTests
{
    private const long Second = 1_000_000_000;
    private const long StartNs = 1_763_769_600 * Second;

    [Theory]
    [InlineData(1)]
    [InlineData(13)]
    [InlineData(40)]
    public void ReadHistograms_OverRingAndBlocks_IsSeamless(int passEvery)
    {
        Bench bench = new();
        bench.Write(3000, passEvery);
        HistogramBuffer buffer = new();

        Assert.Equal(new ReadResult(3000, 0, false), bench.Store.ReadHistograms(bench.Series, 0, long.MaxValue, buffer));
        bench.AssertRows(buffer, 0, 3000);
        buffer.Clear();
        Assert.Equal(new ReadResult(501, 0, false), bench.Store.ReadHistograms(bench.Series, Bench.TimeNs(1000), Bench.TimeNs(1500), buffer));
        bench.AssertRows(buffer, 1000, 501);
        long cursor = 2345;
        buffer.Clear();
        Assert.Equal(new ReadResult(655, 0, false), bench.Store.ReadNewHistograms(bench.Series, ref cursor, buffer, int.MaxValue));
        bench.AssertRows(buffer, 2345, 655);
        Assert.InRange(bench.Store.Seek(bench.Series, Bench.TimeNs(1000)), 900, 1000);
        // What is sealed may be overwritten: the ring stays small.
        Assert.InRange(bench.Series.Capacity, 64, 256);
        Assert.InRange(bench.Series.Records!.SizeInBytes, 1, 24 * 1024);
    }

    [Fact]
    public void ReadNewHistograms_RowByRow_MeetsEachOnce()
    {
        Bench bench = new();
        HistogramBuffer buffer = new();
        long cursor = 0;
        for (int row = 0; row < 2000; row++)
        {
            bench.Write(1, passEvery: 1);
            if (row % 3 == 0)
            {
                buffer.Clear();
                long before = cursor;
                bench.Store.ReadNewHistograms(bench.Series, ref cursor, buffer, 1 + (row % 5));
                bench.AssertRows(buffer, (int)before, (int)(cursor - before));
            }
        }
    }

    [Fact]
    public async Task ReadNewHistograms_BesideWriterAndSealer_NeverSkipsOrInventsARow()
    {
        Bench bench = new(new StorageOptions { HistorySecondsMax = 3, IdleSecondsMax = 1 });
        using CancellationTokenSource stop = new();
        long read = 0;
        Task reader = Task.Run(() =>
        {
            HistogramBuffer buffer = new();
            Random random = new(1);
            while (!stop.IsCancellationRequested)
            {
                long cursor = Math.Max(0, bench.Series.Head - random.Next(400));
                for (int part = 0; part < 6; part++)
                {
                    buffer.Clear();
                    long before = cursor;
                    ReadResult result = bench.Store.ReadNewHistograms(bench.Series, ref cursor, buffer, random.Next(1, 100));
                    Assert.Equal((cursor - before, buffer.Count), (result.Count + result.Overwritten, result.Count));
                    long last = before - 1;
                    for (int row = 0; row < buffer.Count; row++)
                    {
                        // What is forgotten while it is read leaves a gap, told above.
                        long position = (buffer[row].TimestampNs - StartNs) / (Second / 50);
                        Assert.InRange(position, last + 1, cursor - 1);
                        Bench.AssertRow(buffer, row, (int)position);
                        last = position;
                    }
                    Interlocked.Add(ref read, buffer.Count);
                }
            }
        }, TestContext.Current.CancellationToken);
        // A busy machine may let the reader begin late: the writer goes on until enough was read beside it.
        long endMs = Environment.TickCount64 + 60_000;
        for (int round = 0; round < 300 || (Interlocked.Read(ref read) <= 1000 && !reader.IsCompleted && Environment.TickCount64 < endMs); round++)
        {
            bench.Write(100, passEvery: 7);
            // Now and then everything counts as idle, and the ring is given back under the reader's hands.
            bench.Sealer.Pass(Bench.TimeNs((round + 1) * 100) + (round % 10 == 0 ? 2 * Second : 0));
        }
        await stop.CancelAsync();
        await reader;
        Assert.True(read > 1000, "Hardly anything was read beside the writer: the test saw no concurrency.");
        Assert.True(bench.Sealer.ParkedCount > 10);
    }

    [Fact]
    public void Pass_AfterTheRetention_ForgetsTheOldestAndTellsIt()
    {
        Bench bench = new(new StorageOptions { HistorySecondsMax = 10 });
        bench.Write(3000, passEvery: 5);
        HistogramBuffer buffer = new();

        ReadResult read = bench.Store.ReadHistograms(bench.Series, 0, long.MaxValue, buffer);

        Assert.Equal(3000, read.Count + read.Overwritten);
        Assert.InRange(read.Count, 500, 800);
        bench.AssertRows(buffer, 3000 - read.Count, read.Count);
        Assert.Equal(Bench.TimeNs(3000 - read.Count), bench.Store.OldestKeptNs(bench.Series));
        long cursor = 0;
        buffer.Clear();
        Assert.Equal(read, bench.Store.ReadNewHistograms(bench.Series, ref cursor, buffer, int.MaxValue));
        Assert.Equal(0, bench.Store.ReadHistograms(bench.Series, Bench.TimeNs(2600), long.MaxValue, buffer).Overwritten);
    }

    [Fact]
    public void Pass_OverAnIdleSeries_GivesItsRingBackAndKeepsItsHistory()
    {
        Bench bench = new();
        bench.Write(100, passEvery: 10);
        long before = bench.Store.MemoryBytes;
        bench.Sealer.Pass(Bench.TimeNs(100) + (70 * Second));

        Assert.Equal((0, 1), (bench.Series.Capacity, bench.Sealer.ParkedCount));
        Assert.InRange(bench.Store.MemoryBytes, 1, before / 2);
        HistogramBuffer buffer = new();
        Assert.Equal(new ReadResult(100, 0, false), bench.Store.ReadHistograms(bench.Series, 0, long.MaxValue, buffer));

        bench.Write(200, passEvery: 10);
        buffer.Clear();
        Assert.Equal(new ReadResult(300, 0, false), bench.Store.ReadHistograms(bench.Series, 0, long.MaxValue, buffer));
        bench.AssertRows(buffer, 0, 300);
    }

    [Fact]
    public void Pass_NearTheBudget_EvictsTheOldestAndNeverThePresent()
    {
        Bench bench = new(new StorageOptions { MemoryBudgetBytes = 1024 * 1024, HistorySecondsMax = 86_400 });
        bench.Write(60_000, passEvery: 10);
        HistogramBuffer buffer = new(countMax: 100_000);

        ReadResult read = bench.Store.ReadHistograms(bench.Series, 0, long.MaxValue, buffer);

        Assert.InRange(bench.Store.MemoryBytes, 500_000, 1024 * 1024);
        Assert.True(bench.Sealer.EvictedBytes > 0);
        Assert.Equal((60_000, 0L), (read.Count + (int)read.Overwritten, bench.Sealer.LostRows));
        bench.AssertRows(buffer, 60_000 - read.Count, read.Count);
    }

    [Fact]
    public void Seal_OfRowsThatTheRingHasLost_CountsThemAndGoesOnBehindTheGap()
    {
        Bench bench = new(new StorageOptions { RingSamplesMax = 64 });
        bench.Write(50, passEvery: 1000);
        bench.Sealer.Pass(Bench.TimeNs(50));
        bench.Write(300, passEvery: 1000);
        bench.Sealer.Pass(Bench.TimeNs(350));
        HistogramBuffer buffer = new();

        ReadResult read = bench.Store.ReadHistograms(bench.Series, 0, long.MaxValue, buffer);

        Assert.Equal(350, read.Count + read.Overwritten);
        Assert.Equal(bench.Sealer.LostRows, read.Overwritten);
        Assert.InRange(read.Overwritten, 200, 300);
        Assert.Equal(Bench.TimeNs(349), buffer[buffer.Count - 1].TimestampNs);
    }

    [Fact]
    public void TryAppend_WhileTheSealerKeepsUp_AllocatesNothing()
    {
        Bench bench = new();
        bench.Write(1000, passEvery: 100);
        AllocationMeter meter = AllocationMeter.Start();
        bench.Write(60, passEvery: 10_000);
        meter.AssertNothing();
    }

    private sealed class Bench
    {
        private readonly ulong[] _counts = new ulong[8];
        private int _next;

        public Bench(StorageOptions? options = null)
        {
            Store = new TelemetryStore(options ?? new StorageOptions(), sessionId: 1);
            Sealer = new HistorySealer(Store);
            Writer = Store.Catalog.OpenWriter("s", "i");
            Store.Catalog.TryAddSeries(Writer, "latency", LabelSet.Empty, SeriesKind.Histogram, "ms", out Series? series);
            Series = series!;
        }

        public TelemetryStore Store { get; }

        public HistorySealer Sealer { get; }

        public SourceWriter Writer { get; }

        public Series Series { get; }

        public static long TimeNs(int row) => StartNs + (row * Second / 50);

        /// <summary>Below 1, and not a decimal number of few digits.</summary>
        private static double Noise(int row) => 0.5 + (Math.Sin(row) / 3);

        public void Write(int rows, int passEvery)
        {
            for (int i = 0; i < rows; i++, _next++)
            {
                Writer.ReceivedNs = TimeNs(_next);
                Array.Clear(_counts);
                _counts[_next % 8] = 2;
                HistogramSample sample = new() { Count = 2, Sum = _next + Noise(_next), Min = -_next, Max = _next + 1 - Noise(_next), Scale = 3, PositiveOffset = _next % 50, PositiveCounts = _counts };
                if (!Writer.TryAppend(Series, TimeNs(_next), sample))
                {
                    Assert.Fail("The ring refused a small histogram.");
                }
                if (_next % passEvery == passEvery - 1)
                {
                    Sealer.Pass(TimeNs(_next));
                }
            }
        }

        public void AssertRows(HistogramBuffer buffer, int first, int count)
        {
            Assert.Equal(count, buffer.Count);
            for (int row = 0; row < count; row++)
            {
                AssertRow(buffer, row, first + row);
            }
        }

        public static void AssertRow(HistogramBuffer buffer, int row, int i)
        {
            Assert.Equal((TimeNs(i), 2UL, i, -i, i + 1, i % 50),
                (buffer[row].TimestampNs, buffer[row].Count, (int)buffer[row].Sum, (int)buffer[row].Min, (int)buffer[row].Max + 1, buffer[row].PositiveOffset));
            Assert.Equal(i % 8, buffer.PositiveCounts(row).IndexOf(2UL));
        }
    }
}
