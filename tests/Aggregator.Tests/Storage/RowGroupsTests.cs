using Observability.Aggregator.Rings;
using Observability.Aggregator.Storage;

namespace Observability.Aggregator.Tests.Storage;

/// <summary>Whatever shapes rows have, every series reads back exactly what was appended to it, in its order.</summary>
public sealed class RowGroupsTests
{
    private readonly TelemetryStore _store = new(new StorageOptions { RingSamplesMax = 1024 }, sessionId: 1);
    private readonly SourceWriter _writer;
    private readonly Dictionary<Series, List<(long TimestampNs, double Value)>> _expected = [];
    private long _timeNs;

    public RowGroupsTests() => _writer = _store.Catalog.OpenWriter("s", "i");

    [Fact]
    public void AppendRow_TheSameRowAgainAndAgain_BecomesOneGroup()
    {
        Series[] series = Add(10);
        for (int i = 0; i <= RowGroups.PatienceFirst; i++)
        {
            Row(series, 0, 10);
        }

        Assert.All(series, one => Assert.Same(series[0].Track!.Group, one.Track!.Group));
        Assert.Equal(10, series[0].Track!.Ring.Width);
        AssertContent();
    }

    [Fact]
    public void AppendRow_OverAPartOfAGroup_SplitsItWhereItMust()
    {
        Series[] series = Add(10);
        for (int i = 0; i < 20; i++)
        {
            Row(series, 0, 10);
        }
        Row(series, 3, 4);
        Row(series, 0, 10);

        Assert.Equal([3, 3, 3, 4, 4, 4, 4, 3, 3, 3], series.Select(one => one.Track!.Ring.Width));
        AssertContent();
    }

    [Fact]
    public void Append_ToOneSeriesOfAGroup_TakesItOut()
    {
        Series[] series = Add(5);
        for (int i = 0; i < 20; i++)
        {
            Row(series, 0, 5);
        }
        One(series[2]);
        Conflated(series[4]);
        Row(series, 0, 5);

        Assert.Equal([2, 2, 1, 1, 1], series.Select(one => one.Track!.Ring.Width));
        AssertContent();
    }

    [Fact]
    public void AppendRow_WiderThanAGroup_IsWrittenInParts()
    {
        Series[] series = Add(RowGroups.WidthMax + 10);
        for (int i = 0; i < 20; i++)
        {
            Row(series, 0, series.Length);
        }

        Assert.Equal([RowGroups.WidthMax, 10], series.Select(one => one.Track!.Ring.Width).Distinct());
        AssertContent();
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Append_InArbitraryShapes_ReadsBackExactly(int seed)
    {
        Random random = new(seed);
        Series[] series = Add(12);
        for (int i = 0; i < 60; i++)
        {
            int first = random.Next(series.Length);
            int count = random.Next(1, series.Length - first + 1);
            int repeats = random.Next(1, 12);
            for (int repeat = 0; repeat < repeats; repeat++)
            {
                Row(series, first, count);
            }
            if (random.Next(4) == 0)
            {
                One(series[random.Next(series.Length)]);
            }
            if (random.Next(8) == 0)
            {
                Conflated(series[random.Next(series.Length)]);
            }
        }
        AssertContent();
    }

    private Series[] Add(int count) => [.. Enumerable.Range(0, count).Select(index =>
    {
        Assert.Equal(AddSeriesResult.Added, _store.Catalog.TryAddSeries(_writer, $"m{index}", LabelSet.Empty, SeriesKind.Gauge, "", out Series? series));
        _expected.Add(series!, []);
        return series!;
    })];

    private void Row(Series[] series, int first, int count)
    {
        _timeNs++;
        double[] values = [.. Enumerable.Range(first, count).Select(slot => (_timeNs * 1000.0) + slot)];
        _writer.AppendRow(_timeNs, first, values);
        for (int i = 0; i < count; i++)
        {
            _expected[series[first + i]].Add((_timeNs, values[i]));
        }
    }

    private void One(Series series)
    {
        _writer.Append(series, ++_timeNs, -_timeNs - 0.5);
        _expected[series].Add((_timeNs, -_timeNs - 0.5));
    }

    private void Conflated(Series series)
    {
        _writer.AppendAggregate(series, ++_timeNs, _timeNs, new AggregateSlot { Min = 1, Max = 2, Sum = 3, Count = 2 });
        _expected[series].Add((_timeNs, _timeNs));
    }

    private void AssertContent()
    {
        foreach ((Series series, List<(long, double)> expected) in _expected)
        {
            SampleBuffer buffer = new();
            Assert.Equal(new ReadResult(expected.Count, 0, false), _store.Read(series, 0, long.MaxValue, buffer));
            Assert.Equal(expected, Enumerable.Range(0, buffer.Count).Select(row => (buffer.TimestampsNs[row], buffer.Gauge(row))));
            buffer.Clear();
            long cursor = expected.Count / 2;
            Assert.Equal(new ReadResult(expected.Count - (int)cursor, 0, false), _store.ReadNew(series, ref cursor, buffer, int.MaxValue));
            Assert.Equal(expected.Skip(expected.Count / 2), Enumerable.Range(0, buffer.Count).Select(row => (buffer.TimestampsNs[row], buffer.Gauge(row))));
            Assert.Equal(expected.Count, series.Head);
        }
    }
}
