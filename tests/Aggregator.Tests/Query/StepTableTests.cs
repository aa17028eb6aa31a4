using Observability.Aggregator.Query;
using Observability.Aggregator.Storage;

namespace Observability.Aggregator.Tests.Query;

public sealed class StepTableTests
{
    [Theory]
    [InlineData(1, 60)]
    [InlineData(2, 7)]
    [InlineData(3, 1000)]
    public void Add_OfGauges_IsWhatEachSampleForItselfMakes(int seed, long stepNs)
    {
        Random random = new(seed);
        SampleBuffer samples = new();
        long timeNs = -500;
        for (int i = 0; i < 3000; i++)
        {
            // Mostly on, now and then a gap, or back.
            timeNs += random.Next(20) == 0 ? random.Next(-300, 400) : random.Next(0, 25);
            double value = random.Next(8) switch { 0 => double.NaN, 1 => double.PositiveInfinity, 2 => -0.0, _ => random.NextDouble() - 0.5 };
            samples.Add(timeNs, BitConverter.DoubleToInt64Bits(value), 0, 0, 0, 0);
        }
        const int Steps = 200;
        StepTable table = new();
        table.Begin(Steps);
        table.Add(samples, SeriesKind.Gauge, 0, stepNs);

        for (int step = 0; step < Steps; step++)
        {
            double[] values = [.. Enumerable.Range(0, samples.Count)
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

    private static double Get(StepTable table, int step, Aggregation aggregation, long stepNs)
    {
        Assert.True(table.TryGet(step, aggregation, stepNs, out double value));
        return value;
    }
}
