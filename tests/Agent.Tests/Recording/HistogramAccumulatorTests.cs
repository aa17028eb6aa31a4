using Observability.Agent.Recording;

namespace Observability.Agent.Tests.Recording;

public sealed class HistogramAccumulatorTests
{
    [Theory]
    [InlineData(0.3, 0.012)]
    [InlineData(0.8, 0.025)]
    [InlineData(2.0, 0.05)]
    public void Quantile_OfLogNormalValues_IsWithinTheBucketsWidth(double sigma, double errorMax)
    {
        var random = new Random(7);
        var histogram = new HistogramAccumulator();
        double[] values = [.. Enumerable.Range(0, 20_000).Select(_ => Math.Exp(4 + (sigma * Normal(random))))];
        foreach (double value in values)
        {
            histogram.Add(value);
        }
        Array.Sort(values);
        foreach (double share in new[] { 0.01, 0.25, 0.5, 0.9, 0.95, 0.99, 0.999 })
        {
            double exact = values[(int)(share * (values.Length - 1))];
            Assert.InRange(histogram.Quantile(share) / exact, 1 - errorMax, 1 + errorMax);
        }
    }

    [Fact]
    public void Quantile_OfOneValue_IsThatValue()
    {
        var histogram = new HistogramAccumulator();
        histogram.Add(37.25);
        Assert.Equal(37.25, histogram.Quantile(0.5));
        Assert.Equal(37.25, histogram.Quantile(0.99));
    }

    [Fact]
    public void Quantile_WithNegativeZeroAndPositiveValues_FollowsTheirOrder()
    {
        var histogram = new HistogramAccumulator();
        for (int i = -100; i <= 100; i++)
        {
            histogram.Add(i);
        }
        Assert.InRange(histogram.Quantile(0), -100, -97);
        Assert.InRange(histogram.Quantile(0.25), -52, -48);
        Assert.Equal(0, histogram.Quantile(0.5));
        Assert.InRange(histogram.Quantile(0.75), 48, 52);
        Assert.InRange(histogram.Quantile(1), 97, 100);
        Assert.Equal((201L, 1L, 0.0, -100.0, 100.0), (histogram.Count, histogram.ZeroCount, histogram.Sum, histogram.Min, histogram.Max));
    }

    [Fact]
    public void Add_ARangeOfExactlyTheBuckets_KeepsTheScale()
    {
        var histogram = new HistogramAccumulator();
        histogram.Add(BucketIndex.LowerBound(1, BucketIndex.ScaleMax) * 0.999);
        histogram.Add(BucketIndex.LowerBound(BucketRange.BucketsMax, BucketIndex.ScaleMax) * 0.999);
        Assert.Equal(BucketIndex.ScaleMax, histogram.Scale);
        Assert.Equal(BucketRange.BucketsMax, histogram.Positive.Used(out _).Length);
    }

    [Fact]
    public void Add_OneBucketPastTheRange_LowersTheScaleOnce()
    {
        var histogram = new HistogramAccumulator();
        histogram.Add(BucketIndex.LowerBound(1, BucketIndex.ScaleMax) * 0.999);
        histogram.Add(BucketIndex.LowerBound(BucketRange.BucketsMax + 1, BucketIndex.ScaleMax) * 0.999);
        Assert.Equal(BucketIndex.ScaleMax - 1, histogram.Scale);
    }

    [Fact]
    public void Clear_AfterTheScaleWasLowered_StartsAtTheFinestAgain()
    {
        var histogram = new HistogramAccumulator();
        histogram.Add(1e-9);
        histogram.Add(1e9);
        Assert.InRange(histogram.Scale, -4, BucketIndex.ScaleMax - 1);
        histogram.Clear();
        histogram.Add(5);
        Assert.Equal(BucketIndex.ScaleMax, histogram.Scale);
        Assert.Equal([1L], histogram.Positive.Used(out int first).ToArray());
        Assert.Equal(BucketIndex.Of(5), first);
    }

    [Fact]
    public void Add_TheWholeRangeOfDoubles_StaysWithinTheBuckets()
    {
        var histogram = new HistogramAccumulator();
        var random = new Random(3);
        for (int i = 0; i < 10_000; i++)
        {
            double value = Math.Pow(2, (random.NextDouble() * 2040) - 1020);
            histogram.Add(random.Next(2) == 0 ? value : -value);
        }
        Assert.InRange(histogram.Positive.Used(out _).Length, 1, BucketRange.BucketsMax);
        Assert.InRange(histogram.Negative.Used(out _).Length, 1, BucketRange.BucketsMax);
        Assert.Equal(histogram.Count, Sum(histogram.Positive) + Sum(histogram.Negative) + histogram.ZeroCount);
    }

    [Fact]
    public void Merge_InAnyOrder_EqualsAddingToOne()
    {
        var random = new Random(11);
        for (int round = 0; round < 200; round++)
        {
            var whole = new HistogramAccumulator();
            var merged = new HistogramAccumulator();
            for (int part = 0; part < 4; part++)
            {
                var histogram = new HistogramAccumulator();
                double spread = random.NextDouble() * 30;
                for (int i = random.Next(20); i > 0; i--)
                {
                    double value = Math.Pow(2, (random.NextDouble() - 0.5) * spread) * (random.Next(8) == 0 ? -1 : 1);
                    value = random.Next(16) == 0 ? 0 : value;
                    whole.Add(value);
                    histogram.Add(value);
                }
                merged.Merge(histogram);
            }
            Assert.Equal(whole.Count, merged.Count);
            Assert.Equal(whole.ZeroCount, merged.ZeroCount);
            Assert.Equal(whole.Scale, merged.Scale);
            Assert.Equal(whole.Positive.Used(out int wholeFirst).ToArray(), merged.Positive.Used(out int mergedFirst).ToArray());
            Assert.Equal(wholeFirst, mergedFirst);
            Assert.Equal(whole.Negative.Used(out _).ToArray(), merged.Negative.Used(out _).ToArray());
            Assert.Equal((whole.Min, whole.Max), (merged.Min, merged.Max));
        }
    }

    private static long Sum(BucketRange range)
    {
        long sum = 0;
        foreach (long count in range.Used(out _))
        {
            sum += count;
        }
        return sum;
    }

    private static double Normal(Random random) =>
        Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());
}
