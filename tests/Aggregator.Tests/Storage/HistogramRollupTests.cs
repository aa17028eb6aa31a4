using Observability.Aggregator.Storage;

namespace Observability.Aggregator.Tests.Storage;

public sealed class HistogramRollupTests
{
    private const long Second = 1_000_000_000;
    private const long StartNs = 1_763_769_600 * Second;

    private readonly TelemetryStore _store = new(new StorageOptions { RingSamplesMax = 256, SecondRollupsSecondsMax = 150, MinuteRollupsSecondsMax = 86_400 }, 1);
    private readonly HistorySealer _sealer;
    private readonly SourceWriter _writer;
    private readonly Series _series;

    public HistogramRollupTests()
    {
        _sealer = new HistorySealer(_store);
        _writer = _store.Catalog.OpenWriter("s", "i");
        _store.Catalog.TryAddSeries(_writer, "latency", LabelSet.Empty, SeriesKind.Histogram, "ms", out Series? series);
        _series = series!;
    }

    [Fact]
    public void ReadHistogramRollups_AfterTheRingHasWrapped_HaveEveryMeasurement()
    {
        // Seven minutes at 10 Hz; the ring holds 25 s of them.
        const int Rows = 4_200;
        for (int i = 0; i < Rows; i++)
        {
            Append(i, new HistogramSample { Count = 3, Sum = i, Min = i, Max = i + 1, Scale = 3, PositiveOffset = i % 40, PositiveCounts = [1, 2] });
        }
        HistogramBuffer rows = new();
        _store.ReadHistogramRollups(_series, StartNs, StartNs + (400 * Second), rows);

        Assert.Equal((60 * Second, Second), (rows[1].TimestampNs - rows[0].TimestampNs, rows[rows.Count - 1].TimestampNs - rows[rows.Count - 2].TimestampNs));
        for (int row = 0; row < rows.Count; row++)
        {
            long endNs = row + 1 < rows.Count ? rows[row + 1].TimestampNs : rows[row].TimestampNs + Second;
            int first = (int)((rows[row].TimestampNs - StartNs) / (Second / 10));
            int count = (int)((endNs - rows[row].TimestampNs) / (Second / 10));
            Assert.Equal(((ulong)count * 3, first, first + count), (rows[row].Count, (int)rows[row].Min, (int)rows[row].Max));
            Assert.Equal(Enumerable.Range(first, count).Sum(), rows[row].Sum);
            ulong[] expected = new ulong[41];
            foreach (int i in Enumerable.Range(first, count))
            {
                expected[i % 40]++;
                expected[(i % 40) + 1] += 2;
            }
            ulong[] actual = new ulong[41];
            rows.PositiveCounts(row).CopyTo(actual.AsSpan(rows[row].PositiveOffset));
            Assert.Equal(expected, actual);
        }
        Assert.NotNull(_store.OldestKeptNs(_series));
    }

    [Fact]
    public void ReadHistogramRollups_OfExplicitBoundsThatChange_KeepsThemApart()
    {
        for (int i = 0; i < 100; i++)
        {
            double[] bounds = i < 37 ? [1, 2] : [5, 6];
            Append(i, new HistogramSample { Count = 1, Sum = 1, Min = 1, Max = 1, ExplicitBounds = bounds, ExplicitCounts = [0, 1, 0] });
        }
        HistogramBuffer rows = new();
        _store.ReadHistogramRollups(_series, StartNs + (3 * Second), StartNs + (4 * Second), rows);

        Assert.Equal([7UL, 3UL], Enumerable.Range(0, rows.Count).Select(row => rows[row].Count));
        Assert.Equal([1.0, 5.0], Enumerable.Range(0, rows.Count).Select(row => rows.ExplicitBounds(row)[0]));
    }

    [Fact]
    public void Pass_OnceTheSeriesRests_ClosesWhatIsOpen()
    {
        Append(0, new HistogramSample { Count = 1, Sum = 1, Min = 1, Max = 1, Scale = 3, PositiveCounts = [1] });
        HistogramBuffer rows = new();
        for (int pass = 0; pass < 4; pass++)
        {
            _sealer.Pass(StartNs + Second);
        }
        _store.ReadHistogramRollups(_series, 0, long.MaxValue, rows);
        Assert.Equal(0, rows.Count);
        for (int pass = 0; pass < 8; pass++)
        {
            _sealer.Pass(StartNs + (70 * Second));
        }
        _store.ReadHistogramRollups(_series, 0, long.MaxValue, rows);

        Assert.Equal((1, 1UL), (rows.Count, rows[0].Count));
    }

    private void Append(int row, in HistogramSample sample)
    {
        long timeNs = StartNs + (row * Second / 10);
        _writer.ReceivedNs = timeNs;
        Assert.True(_writer.TryAppend(_series, timeNs, sample));
        _sealer.Pass(timeNs);
    }
}
