using Observability.Aggregator.Storage;

namespace Observability.Aggregator.Tests.Storage;

public sealed class HistogramTests
{
    private readonly TelemetryStore _store = new(new StorageOptions { RingSamplesMax = 64 }, sessionId: 1);

    [Fact]
    public void TryAppend_ExponentialHistogram_ReadsBackEveryField()
    {
        (SourceWriter writer, Series series) = Open();
        Assert.True(writer.TryAppend(series, 5, new HistogramSample
        {
            Count = ulong.MaxValue, Sum = -1.5, Min = double.NegativeInfinity, Max = 9, Scale = -10, ZeroCount = 300,
            PositiveOffset = int.MinValue, PositiveCounts = [0, 1, 128, ulong.MaxValue], NegativeOffset = int.MaxValue, NegativeCounts = [7],
        }));
        HistogramBuffer buffer = new();

        Assert.Equal(new ReadResult(1, 0, false), _store.ReadHistograms(series, 0, 10, buffer));
        HistogramRow row = buffer[0];
        Assert.Equal((5L, ulong.MaxValue, -1.5, double.NegativeInfinity, 9.0), (row.TimestampNs, row.Count, row.Sum, row.Min, row.Max));
        Assert.Equal((-10, 300UL, int.MinValue, int.MaxValue, false), (row.Scale, row.ZeroCount, row.PositiveOffset, row.NegativeOffset, row.IsExplicit));
        Assert.Equal([0, 1, 128, ulong.MaxValue], buffer.PositiveCounts(0).ToArray());
        Assert.Equal([7UL], buffer.NegativeCounts(0).ToArray());
    }

    [Fact]
    public void TryAppend_ExplicitHistogram_ReadsBackBoundsAndCounts()
    {
        (SourceWriter writer, Series series) = Open();
        writer.TryAppend(series, 5, new HistogramSample { Count = 6, ExplicitBounds = [0.1, 1], ExplicitCounts = [1, 2, 3] });
        HistogramBuffer buffer = new();
        long cursor = 0;

        Assert.Equal(1, _store.ReadNewHistograms(series, ref cursor, buffer, 10).Count);
        Assert.True(buffer[0].IsExplicit);
        Assert.Equal([0.1, 1], buffer.ExplicitBounds(0).ToArray());
        Assert.Equal([1UL, 2, 3], buffer.ExplicitCounts(0).ToArray());
    }

    [Fact]
    public void ReadHistograms_Range_KeepsWhatLiesWithinAndTellsWhatIsGone()
    {
        (SourceWriter writer, Series series) = Open();
        for (int i = 0; i < 100; i++)
        {
            writer.TryAppend(series, i, new HistogramSample { Count = (ulong)i });
        }
        HistogramBuffer buffer = new();

        Assert.Equal(new ReadResult(11, 0, false), _store.ReadHistograms(series, 80, 90, buffer));
        Assert.Equal(80UL, buffer[0].Count);
        Assert.Equal(new ReadResult(63, 37, false), _store.ReadHistograms(series, 0, 1000, buffer));
        Assert.Equal(74, buffer.Count);
    }

    [Fact]
    public void ReadNewHistograms_IntoAFullBuffer_GoesOnAfterClear()
    {
        (SourceWriter writer, Series series) = Open();
        for (int i = 0; i < 10; i++)
        {
            writer.TryAppend(series, i, new HistogramSample { Count = 1 });
        }
        HistogramBuffer buffer = new(countMax: 6);
        long cursor = 0;

        Assert.Equal(new ReadResult(6, 0, true), _store.ReadNewHistograms(series, ref cursor, buffer, 100));
        buffer.Clear();
        Assert.Equal(new ReadResult(4, 0, false), _store.ReadNewHistograms(series, ref cursor, buffer, 100));
    }

    [Fact]
    public void Read_OfTheOtherKind_SaysWhichCallIsRight()
    {
        (_, Series series) = Open();
        Assert.Contains("ReadHistograms", Assert.Throws<ArgumentException>(() => _store.Read(series, 0, 1, new SampleBuffer())).Message, StringComparison.Ordinal);
    }

    private (SourceWriter Writer, Series Series) Open()
    {
        SourceWriter writer = _store.Catalog.OpenWriter("s", "i");
        _store.Catalog.TryAddSeries(writer, "h", LabelSet.Empty, SeriesKind.Histogram, "ms", out Series? series);
        return (writer, series!);
    }
}
