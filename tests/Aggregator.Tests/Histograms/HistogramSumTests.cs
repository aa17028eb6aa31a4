using Observability.Aggregator.Histograms;
using Observability.Aggregator.Storage;

namespace Observability.Aggregator.Tests.Histograms;

public sealed class HistogramSumTests
{
    private readonly HistogramSum _sum = new();

    public HistogramSumTests() => _sum.Clear();

    [Fact]
    public void Add_OfRandomRows_EqualsAddingBucketByBucket()
    {
        var random = new Random(11);
        for (int trial = 0; trial < 300; trial++)
        {
            _sum.Clear();
            var rows = new List<(int Scale, int Offset, ulong[] Counts)>();
            for (int row = random.Next(1, 6); row > 0; row--)
            {
                rows.Add((random.Next(-2, 8), random.Next(-50, 50), [.. Enumerable.Range(0, random.Next(0, 40)).Select(_ => (ulong)random.Next(0, 5))]));
            }
            foreach ((int scale, int offset, ulong[] counts) in rows)
            {
                _sum.Add(new HistogramRow { Scale = scale, PositiveOffset = offset, NegativeOffset = offset, Count = 1 }, counts, counts);
            }
            var expected = new SortedDictionary<long, ulong>();
            foreach ((int scale, int offset, ulong[] counts) in rows)
            {
                for (int index = 0; index < counts.Length; index++)
                {
                    long bucket = (offset + (long)index) >> (scale - _sum.Scale);
                    expected[bucket] = expected.GetValueOrDefault(bucket) + counts[index];
                }
            }
            Assert.True(_sum.Scale <= rows.Min(row => row.Scale));
            Assert.Equal(Nonzero(expected), Nonzero(_sum.Positive));
            Assert.Equal(Nonzero(expected), Nonzero(_sum.Negative));
        }
    }

    [Fact]
    public void Add_OfBucketsFarApart_LowersTheScaleUntilTheyFit()
    {
        _sum.Add(new HistogramRow { Scale = 5, PositiveOffset = 0, Count = 3 }, [3], []);
        _sum.Add(new HistogramRow { Scale = 5, PositiveOffset = 100_000, Count = 4 }, [4], []);
        Assert.InRange(_sum.Positive.Counts.Length, 2, HistogramSum.BucketsMaxDefault);
        Assert.Equal(3UL, _sum.Positive.Counts[0]);
        Assert.Equal(4UL, _sum.Positive.Counts[^1]);
    }

    [Theory]
    [InlineData(int.MaxValue, int.MinValue, int.MinValue, int.MaxValue - 1)]
    [InlineData(0, 0, int.MinValue, int.MaxValue - 1)]
    [InlineData(int.MinValue, 20, 5, -7)]
    public void Add_OfNonsense_EndsAndKeepsTheCounts(int scale1, int scale2, int offset1, int offset2)
    {
        _sum.Add(new HistogramRow { Scale = scale1, PositiveOffset = offset1, Count = 2 }, [1, 1], []);
        _sum.Add(new HistogramRow { Scale = scale2, PositiveOffset = offset2, Count = 2 }, [1, 1], []);
        Assert.InRange(_sum.Positive.Counts.Length, 1, HistogramSum.BucketsMaxDefault);
        Assert.Equal(4UL, _sum.Positive.Counts.ToArray().Aggregate((total, count) => total + count));
    }

    [Fact]
    public void Min_WhenOneRowWithMeasurementsDoesNotKnow_IsUnknown()
    {
        _sum.Add(new HistogramRow { Count = 1, Min = 1, Max = 9 }, [1], []);
        _sum.Add(new HistogramRow { Count = 0, Min = double.NaN, Max = double.NaN }, [], []);
        Assert.Equal((1.0, 9.0), (_sum.Min, _sum.Max));
        _sum.Add(new HistogramRow { Count = 1, Min = double.NaN, Max = 3 }, [1], []);
        Assert.Equal((double.NaN, 9.0), (_sum.Min, _sum.Max));
    }

    [Theory]
    [InlineData(0.5)]
    [InlineData(0.95)]
    [InlineData(0.99)]
    public void Quantile_OfLogNormalMeasurements_IsWithinABucket(double q)
    {
        const int Scale = 5;
        var random = new Random(3);
        double[] values = [.. Enumerable.Range(0, 20_000).Select(_ => Math.Exp((2 * random.NextDouble()) + (2 * random.NextDouble()) + random.NextDouble()))];
        foreach (double value in values)
        {
            int index = (int)Math.Ceiling(Math.Log2(value) * (1 << Scale)) - 1;
            _sum.Add(new HistogramRow { Scale = Scale, PositiveOffset = index, Count = 1, Sum = value, Min = value, Max = value }, [1], []);
        }
        Array.Sort(values);
        double exact = values[(int)(q * (values.Length - 1))];
        double width = Math.Pow(2, Math.Pow(2, -_sum.Scale));
        Assert.InRange(_sum.Quantile(q), exact / width, exact * width);
    }

    [Fact]
    public void Quantile_OverNegativeZeroAndPositive_GoesFromLeftToRight()
    {
        // Ten in [-8, -4), ten zeros, ten in (4, 8].
        _sum.Add(new HistogramRow { Scale = 0, NegativeOffset = 2, PositiveOffset = 2, ZeroCount = 10, Count = 30, Min = -8, Max = 8 }, [10], [10]);
        Assert.Equal(-8 * Math.Pow(2, -0.1), _sum.Quantile(0), 12);         // the first of ten
        Assert.InRange(_sum.Quantile(0.2), -8, -4);
        Assert.Equal(0, _sum.Quantile(0.5));
        Assert.InRange(_sum.Quantile(0.8), 4, 8);
        Assert.Equal(8, _sum.Quantile(1));
        Assert.True(_sum.Quantile(0.1) < _sum.Quantile(0.3));
    }

    [Fact]
    public void Quantile_WithoutBuckets_LiesBetweenMinAndMaxOrIsUnknown()
    {
        _sum.Add(new HistogramRow { Count = 4, Sum = 10, Min = 1, Max = 5 }, [], []);
        Assert.Equal([2, 3, 5], [_sum.Quantile(0.25), _sum.Quantile(0.5), _sum.Quantile(1)]);
        _sum.Add(new HistogramRow { Count = 1, Sum = 10, Min = double.NaN, Max = 5 }, [], []);
        Assert.Equal(double.NaN, _sum.Quantile(0.5));
    }

    [Fact]
    public void Quantile_WithoutMeasurements_IsNaN() => Assert.Equal(double.NaN, _sum.Quantile(0.5));

    private static string Nonzero(SortedDictionary<long, ulong> buckets) =>
        string.Join(' ', buckets.Where(bucket => bucket.Value > 0).Select(bucket => $"{bucket.Key}:{bucket.Value}"));

    private static string Nonzero(BucketRun run)
    {
        var buckets = new SortedDictionary<long, ulong>();
        for (int index = 0; index < run.Counts.Length; index++)
        {
            buckets[run.Offset + index] = run.Counts[index];
        }
        return Nonzero(buckets);
    }
}
