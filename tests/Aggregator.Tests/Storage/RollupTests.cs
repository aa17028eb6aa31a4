using Observability.Aggregator.Storage;

namespace Observability.Aggregator.Tests.Storage;

public sealed class RollupTests
{
    private const long Second = 1_000_000_000;
    private const long StartNs = 1_763_769_600 * Second;

    private readonly TelemetryStore _store = new(new StorageOptions { HistorySecondsMax = 10, SecondRollupsSecondsMax = 600, MinuteRollupsSecondsMax = 3600 }, 1);
    private readonly HistorySealer _sealer;
    private readonly SourceWriter _writer;

    public RollupTests()
    {
        _sealer = new HistorySealer(_store);
        _writer = _store.Catalog.OpenWriter("s", "i");
    }

    [Fact]
    public void ReadRollups_OfAGauge_AgreeWithItsSamples()
    {
        Series gauge = Add("g", SeriesKind.Gauge);
        Series beside = Add("h", SeriesKind.Gauge);
        for (int i = 0; i < 10_000; i++)
        {
            At(i * 10);
            _writer.AppendRow(TimeNs(i * 10), gauge.Slot, [Value(i), i == 77 ? double.NaN : -Value(i)]);
        }
        SampleBuffer rows = new();
        _store.ReadRollups(gauge, 0, StartNs + (1900 * Second), rows);

        // 2,000 s: seconds of the last ten minutes or so, minutes before.
        // The first rows were written before the two became a group: rows of one period add up.
        var periods = Enumerable.Range(0, rows.Count).GroupBy(row => rows.TimestampsNs[row]).ToArray();
        Assert.Equal(StartNs, periods[0].Key);
        Assert.Equal(60 * Second, periods[1].Key - periods[0].Key);
        Assert.Equal(Second, periods[^1].Key - periods[^2].Key);
        for (int period = 0; period < periods.Length; period++)
        {
            long beginNs = periods[period].Key;
            long endNs = period + 1 < periods.Length ? periods[period + 1].Key : beginNs + Second;
            double[] samples = [.. Enumerable.Range(0, 10_000).Where(i => TimeNs(i * 10) >= beginNs && TimeNs(i * 10) < endNs).Select(Value)];
            Assert.Equal(
                (samples.Min(), samples.Max(), samples[^1], samples.Length),
                (periods[period].Min(row => rows.Min[row]), periods[period].Max(row => rows.Max[row]), rows.Gauge(periods[period].Last()), periods[period].Sum(row => (int)rows.Counts[row])));
            Assert.Equal(samples.Sum(), periods[period].Sum(row => rows.Sum[row]), Math.Abs(samples.Sum()) * 1e-11);
        }
        rows.Clear();
        _store.ReadRollups(beside, StartNs, StartNs + (60 * Second), rows);
        Assert.Equal(300, Enumerable.Range(0, rows.Count).Sum(row => (int)rows.Counts[row]));
        Assert.True(double.IsNaN(rows.Sum[rows.Count - 1]));
        Assert.Equal(-Enumerable.Range(0, 300).Min(Value), Enumerable.Range(0, rows.Count).Max(row => rows.Max[row]));
    }

    [Fact]
    public void ReadRollups_OfACounter_HaveItsIncreaseThroughResets()
    {
        Series counter = Add("c", SeriesKind.Counter);
        ulong total = 0;
        for (int i = 0; i < 5_000; i++)
        {
            At(i);
            total = i == 1_234 ? 3 : total + 7;
            _writer.Append(counter, TimeNs(i), total);
        }
        SampleBuffer rows = new();
        _store.ReadRollups(counter, StartNs, StartNs + (80 * Second), rows);

        // The first sample of all has no increase; the reset counts what came after it.
        Assert.Equal((7.0 * (4_000 - 2)) + 3, Enumerable.Range(0, rows.Count).Sum(row => rows.Sum[row]));
        Assert.Equal(4_000, Enumerable.Range(0, rows.Count).Sum(row => (long)rows.Counts[row]));
        Assert.Equal(3UL + (7 * (3_999 - 1_234)), rows.Counter(rows.Count - 1));
    }

    [Fact]
    public void ReadRollups_OfACounterWithALateSample_AreNoReset()
    {
        Series counter = Add("c", SeriesKind.Counter);
        for (int i = 0; i < 600; i++)
        {
            At(i);
            // Every tenth sample comes late, when three larger totals are there already.
            int number = (i % 10) switch { 6 or 7 or 8 => i + 1, 9 => i - 3, _ => i };
            _writer.Append(counter, TimeNs(number), 1_000_000UL + (10 * (ulong)number));
        }
        _sealer.Pass(TimeNs(600) + (100 * Second));
        SampleBuffer rows = new();
        _store.ReadRollups(counter, StartNs, StartNs + (100 * Second), rows);
        Assert.Equal(10.0 * 599, Enumerable.Range(0, rows.Count).Sum(row => rows.Sum[row]));
        Assert.All(Enumerable.Range(1, 10), second => Assert.Equal(
            500, Enumerable.Range(0, rows.Count).Where(row => rows.TimestampsNs[row] == StartNs + (second * Second)).Sum(row => rows.Sum[row]), 20.0));
    }

    [Fact]
    public void ReadRollups_OfSamplesThatComeLate_AddUpToAllOfThem()
    {
        Series gauge = Add("g", SeriesKind.Gauge);
        for (int i = 0; i < 3_000; i++)
        {
            At(i);
            // Every tenth sample is five seconds late.
            _writer.Append(gauge, i % 10 == 0 ? TimeNs(i) - (5 * Second) : TimeNs(i), 1.0);
        }
        _sealer.Pass(TimeNs(3_000) + (100 * Second));
        SampleBuffer rows = new();
        _store.ReadRollups(gauge, StartNs + (10 * Second), StartNs + (20 * Second), rows);

        Assert.Equal(500, Enumerable.Range(0, rows.Count).Sum(row => (long)rows.Counts[row]));
        Assert.Equal(500, Enumerable.Range(0, rows.Count).Sum(row => rows.Sum[row]));
    }

    private static long TimeNs(int row) => StartNs + (row * Second / 50);

    private static double Value(int row) => ((row * 37 % 1000) - 300) / 10.0;

    private void At(int row)
    {
        _writer.ReceivedNs = TimeNs(row);
        if (row % 4 == 0)
        {
            _sealer.Pass(TimeNs(row));
        }
    }

    private Series Add(string name, SeriesKind kind)
    {
        Assert.Equal(AddSeriesResult.Added, _store.Catalog.TryAddSeries(_writer, name, LabelSet.Empty, kind, "", out Series? series));
        return series!;
    }
}
