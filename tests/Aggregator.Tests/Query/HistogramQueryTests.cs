using System.Text.Json;
using Observability.Aggregator.Query;
using Observability.Aggregator.Selectors;
using Observability.Aggregator.Storage;

namespace Observability.Aggregator.Tests.Query;

/// <summary>Histograms of three instances over ring, blocks, seconds and minutes, against the measurements that they were made of.</summary>
public sealed class HistogramQueryTests(HistogramQueryTests.Measured measured) : IClassFixture<HistogramQueryTests.Measured>
{
    private const long Second = 1_000_000_000;
    private const long StartNs = 29_396_160L * 60 * Second;
    private const int Seconds = 400;
    private const int RowsPerSecond = 10;
    private const int Scale = 5;

    /// <summary>A bucket's width: what a value may be off by.</summary>
    private static readonly double RelativeError = Math.Pow(2, Math.ScaleB(1, -Scale)) - 1;

    [Theory]
    [InlineData(0, 360, 60)]     // Minutes, then seconds, then every histogram.
    [InlineData(270, 400, 1)]    // Seconds, then every histogram.
    [InlineData(250, 400, 5)]
    public async Task Steps_OverEveryTier_HaveEachMeasurementOnce(int from, int to, int step)
    {
        (long[] times, double[] counts) = await AskAsync(from, to, step, Aggregation.Count);
        (_, double[] sums) = await AskAsync(from, to, step, Aggregation.Sum);
        (_, double[] min) = await AskAsync(from, to, step, Aggregation.Min);
        (_, double[] max) = await AskAsync(from, to, step, Aggregation.Max);

        Assert.Equal((to - from) / step, times.Length);
        for (int i = 0; i < times.Length; i++)
        {
            double[] sorted = Sorted(times[i], step);
            Assert.Equal((sorted.Length, sorted[0], sorted[^1]), ((int)counts[i], min[i], max[i]));
            Assert.Equal(sorted.Sum(), sums[i], 1e-9);
        }
    }

    [Theory]
    [InlineData(0.5)]
    [InlineData(0.95)]
    [InlineData(0.99)]
    public async Task Quantile_OverEveryTier_IsWithinABucketOfTheMeasurements(double quantile)
    {
        foreach ((int from, int to, int step) in new[] { (0, 360, 60), (270, 400, 1) })
        {
            (long[] times, double[] values) = await AskAsync(from, to, step, Aggregation.Quantile, quantile);
            Assert.Equal((to - from) / step, times.Length);
            for (int i = 0; i < times.Length; i++)
            {
                double[] sorted = Sorted(times[i], step);
                double rank = quantile * sorted.Length;
                double low = sorted[Math.Clamp((int)Math.Floor(rank) - 1, 0, sorted.Length - 1)];
                double high = sorted[Math.Clamp((int)Math.Ceiling(rank), 0, sorted.Length - 1)];
                Assert.InRange(values[i], low / (1 + RelativeError), high * (1 + RelativeError));
            }
        }
    }

    [Fact]
    public async Task Raw_OverEveryTier_AddsUpToEveryMeasurement()
    {
        JsonElement answer = await AskAsync(new SampleQuery(Any, StartNs, StartNs + (Seconds * Second), null, null, 0.99, Merge: false));
        Assert.Equal(3, answer.GetArrayLength());
        Assert.Equal(measured.All.Count, answer.EnumerateArray().Sum(one => Numbers(one, "count").Sum()));
        foreach (JsonElement one in answer.EnumerateArray())
        {
            long[] times = Times(one);
            Assert.Equal(times.Order(), times);
            Assert.Equal((StartNs, StartNs + (60 * Second), 0L), (times[0], times[1], one.GetProperty("overwritten").GetInt64()));
            Assert.Equal(Second / RowsPerSecond, times[^1] - times[^2]);
        }
    }

    [Fact]
    public async Task Buckets_OfASteps_AreThoseOfItsMeasurements()
    {
        JsonElement merged = (await AskAsync(new SampleQuery(Any, StartNs, StartNs + (360 * Second), 60 * Second, null, 0.99, Merge: true, Buckets: true)))[0];
        long[] times = Times(merged);
        Assert.Equal(6, merged.GetProperty("buckets").GetArrayLength());
        for (int i = 0; i < times.Length; i++)
        {
            JsonElement buckets = merged.GetProperty("buckets")[i];
            Assert.Equal(Scale, buckets.GetProperty("scale").GetInt32());
            int offset = buckets.GetProperty("positive_offset").GetInt32();
            double[] expected = new double[buckets.GetProperty("positive_counts").GetArrayLength()];
            foreach (double value in Sorted(times[i], 60))
            {
                expected[IndexOf(value) - offset]++;
            }
            Assert.Equal(expected, Numbers(buckets, "positive_counts"));
        }
    }

    private static Selector Any => Selector.TryParse("latency", out Selector? selector, out _) ? selector! : throw new InvalidOperationException();

    private static int IndexOf(double value) => (int)Math.Ceiling(Math.Log2(value) * (1 << Scale)) - 1;

    private static HistogramSample Sample(double[] values)
    {
        int first = values.Min(IndexOf);
        ulong[] counts = new ulong[values.Max(IndexOf) - first + 1];
        foreach (double value in values)
        {
            counts[IndexOf(value) - first]++;
        }
        return new HistogramSample
        {
            Count = (ulong)values.Length, Sum = values.Sum(), Min = values.Min(), Max = values.Max(), Scale = Scale, PositiveOffset = first, PositiveCounts = counts,
        };
    }

    private double[] Sorted(long fromNs, int seconds) =>
        [.. measured.All.Where(one => one.TimeNs >= fromNs && one.TimeNs < fromNs + (seconds * Second)).Select(one => one.Value).Order()];

    private async Task<(long[] Times, double[] Values)> AskAsync(int from, int to, int step, Aggregation aggregation, double quantile = 0.99)
    {
        JsonElement answer = await AskAsync(new SampleQuery(
            Any, StartNs + (from * Second), StartNs + (to * Second), step * Second, aggregation, quantile, Merge: true));
        Assert.Equal((1, 0L), (answer.GetArrayLength(), answer[0].GetProperty("overwritten").GetInt64()));
        return (Times(answer[0]), Numbers(answer[0], "values"));
    }

    private async Task<JsonElement> AskAsync(SampleQuery query)
    {
        using MemoryStream output = new();
        await new SampleWriter(measured.Store, new QueryOptions()).WriteAsync(query, measured.Series, output, TestContext.Current.CancellationToken);
        return JsonDocument.Parse(output.ToArray()).RootElement.GetProperty("series");
    }

    private static long[] Times(JsonElement one) =>
        [.. one.GetProperty("timestamps_ns").EnumerateArray().Select(time => long.Parse(time.GetString()!, System.Globalization.CultureInfo.InvariantCulture))];

    private static double[] Numbers(JsonElement one, string name) => [.. one.GetProperty(name).EnumerateArray().Select(value => value.GetDouble())];

    public sealed class Measured
    {
        internal TelemetryStore Store { get; } = new(new StorageOptions { HistorySecondsMax = 30, SecondRollupsSecondsMax = 150 }, 1);

        public List<(long TimeNs, double Value)> All { get; } = [];

        internal List<Series> Series { get; } = [];

        public Measured()
        {
            HistorySealer sealer = new(Store);
            SourceWriter[] writers = [.. Enumerable.Range(0, 3).Select(index => Store.Catalog.OpenWriter("s", $"i{index}"))];
            foreach (SourceWriter writer in writers)
            {
                Store.Catalog.TryAddSeries(writer, "latency", LabelSet.Empty, SeriesKind.Histogram, "ms", out Series? series);
                Series.Add(series!);
            }
            Random random = new(7);
            for (int row = 0; row < Seconds * RowsPerSecond; row++)
            {
                long timeNs = StartNs + (row * (Second / RowsPerSecond));
                foreach (SourceWriter writer in writers)
                {
                    writer.ReceivedNs = timeNs;
                    double[] values = [.. Enumerable.Range(0, 1 + random.Next(6)).Select(_ => Math.Exp((random.NextDouble() * 4) - 1))];
                    All.AddRange(values.Select(value => (timeNs, value)));
                    Assert.True(writer.TryAppend(writer.Source.Series[0], timeNs, Sample(values)));
                }
                sealer.Pass(timeNs);
            }
        }
    }
}
