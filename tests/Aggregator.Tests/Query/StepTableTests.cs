using Observability.Aggregator.Query;
using Observability.Aggregator.Storage;

namespace Observability.Aggregator.Tests.Query;

public sealed class StepTableTests
{
    [Theory]
    [InlineData(1, 60, false)]
    [InlineData(2, 7, false)]
    [InlineData(3, 1000, false)]
    [InlineData(4, 60, true)]
    [InlineData(5, 1000, true)]
    public void Add_OfGauges_IsWhatEachSampleForItselfMakes(int seed, long stepNs, bool goesBack)
    {
        Random random = new(seed);
        SampleBuffer samples = new();
        long timeNs = -500;
        for (int i = 0; i < 3000; i++)
        {
            // Mostly on, now and then a gap, or back.
            timeNs += random.Next(20) == 0 ? random.Next(goesBack ? -300 : 0, 400) : random.Next(0, 25);
            double value = random.Next(8) switch { 0 => double.NaN, 1 => double.PositiveInfinity, 2 => -0.0, _ => random.NextDouble() - 0.5 };
            samples.Add(timeNs, BitConverter.DoubleToInt64Bits(value), 0, 0, 0, 0);
        }
        const int Steps = 200;
        StepTable table = new();
        table.Begin(Steps);
        table.Add(samples, SeriesKind.Gauge, 0, stepNs);

        for (int step = 0; step < Steps; step++)
        {
            double[] values = [.. Enumerable.Range(0, samples.Count).OrderBy(row => samples.TimestampsNs[row])
                .Where(row => samples.TimestampsNs[row] >= step * stepNs && samples.TimestampsNs[row] < (step + 1) * stepNs).Select(samples.Gauge)];
            double[] numbers = [.. values.Where(value => !double.IsNaN(value))];
            bool has = table.TryGet(step, Aggregation.Count, stepNs, out double count);
            Assert.Equal((values.Length > 0, values.Length), (has, (int)count));
            if (has)
            {
                Assert.Equal(numbers.Length == 0 ? double.NaN : numbers.Min(), Get(table, step, Aggregation.Min, stepNs));
                Assert.Equal(numbers.Length == 0 ? double.NaN : numbers.Max(), Get(table, step, Aggregation.Max, stepNs));
                Assert.Equal((values[0], values[^1]), (Get(table, step, Aggregation.First, stepNs), Get(table, step, Aggregation.Last, stepNs)));
                Assert.Equal(values.Sum(), Get(table, step, Aggregation.Sum, stepNs), 1e-9);
            }
        }
    }

    [Fact]
    public void Add_OfACounterWhoseSampleComesLate_HasNoReset()
    {
        const long Ms = 1_000_000;
        foreach (int late in Enumerable.Range(1, 18))
        {
            // +10 every half second from 1,000; one sample comes after three later ones.
            List<int> numbers = [.. Enumerable.Range(0, 24)];
            numbers.Remove(late);
            numbers.Insert(numbers.IndexOf(late + 3) + 1, late);
            SampleBuffer samples = new();
            numbers.ForEach(number => samples.Add(number * 500 * Ms, 1000 + (10 * number), 0, 0, 0, 0));
            StepTable table = new();
            table.Begin(12);
            table.Add(samples, SeriesKind.Counter, 0, 1000 * Ms);
            Assert.Equal([10.0, .. Enumerable.Repeat(20.0, 11)], Enumerable.Range(0, 12).Select(step => Get(table, step, Aggregation.Increase, 1000 * Ms)));
            Assert.Equal(1000 + (10 * 23), Get(table, 11, Aggregation.Last, 1000 * Ms));
        }
    }

    [Theory]
    [InlineData(-3_600_000)]
    [InlineData(-600_000)]
    [InlineData(600_000)]
    public void Add_OfACounterWhoseSendersClockIsSet_CountsEachIncreaseOnce(int byMs)
    {
        const long Ms = 1_000_000;
        SampleBuffer samples = new();
        for (int number = 0; number < 4000; number++)
        {
            long timeMs = 4_000_000 + (number * 500L) + (number < 2000 ? 0 : byMs);
            samples.Add(timeMs * Ms, 1000 + (10 * number), 0, 0, 0, 0);
        }
        const int Steps = 8000;
        StepTable table = new();
        table.Begin(Steps);
        table.Add(samples, SeriesKind.Counter, 0, 1000 * Ms);
        double increase = Enumerable.Range(0, Steps).Sum(step => table.TryGet(step, Aggregation.Increase, 1000 * Ms, out double value) ? value : 0);
        Assert.Equal(10 * 3999, increase);
    }

    private static double Get(StepTable table, int step, Aggregation aggregation, long stepNs)
    {
        Assert.True(table.TryGet(step, aggregation, stepNs, out double value));
        return value;
    }
}
