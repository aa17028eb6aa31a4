using Observability.Aggregator.Histograms;
using Observability.Aggregator.Storage;

namespace Observability.Aggregator.Tests.Histograms;

public sealed class ExplicitHistogramSumTests
{
    private readonly ExplicitHistogramSum _sum = new();

    public ExplicitHistogramSumTests() => _sum.Clear();

    [Fact]
    public void TryAdd_OfEqualBounds_AddsUp()
    {
        Assert.True(_sum.TryAdd(Row(6, 0.5, 20), [1, 10], [1, 2, 3]));
        Assert.True(_sum.TryAdd(Row(3, 0.1, 5), [1, 10], [1, 1, 1]));
        Assert.Equal([2UL, 3, 4], _sum.Counts.ToArray());
        Assert.Equal((9UL, 0.1, 20.0), (_sum.Count, _sum.Min, _sum.Max));
    }

    [Fact]
    public void TryAdd_OfOtherBounds_RefusesAndKeepsWhatItHas()
    {
        Assert.True(_sum.TryAdd(Row(1, 1, 1), [1, 10], [1, 0, 0]));
        Assert.False(_sum.TryAdd(Row(1, 1, 1), [1, 11], [1, 0, 0]));
        Assert.False(_sum.TryAdd(Row(1, 1, 1), [], [1]));
        Assert.Equal([1UL, 0, 0], _sum.Counts.ToArray());
    }

    [Fact]
    public void Quantile_InterpolatesInsideTheBucket()
    {
        _sum.TryAdd(Row(100, 0, 100), [10, 20, 100], [50, 50, 0, 0]);
        Assert.Equal(10, _sum.Quantile(0.5));
        Assert.Equal(15, _sum.Quantile(0.75));
        Assert.Equal(20, _sum.Quantile(1));
        Assert.Equal(0.2, _sum.Quantile(0), 12);        // the first of fifty
    }

    [Fact]
    public void Quantile_WithoutBoundsAndExtremes_IsUnknown()
    {
        _sum.TryAdd(Row(10, double.NaN, double.NaN), [], [10]);
        Assert.Equal(double.NaN, _sum.Quantile(0.5));
    }

    [Fact]
    public void Quantile_WithoutBounds_LiesBetweenMinAndMax()
    {
        _sum.TryAdd(Row(10, 3, 7), [], [10]);
        Assert.InRange(_sum.Quantile(0.5), 3, 7);
    }

    private static HistogramRow Row(ulong count, double min, double max) => new() { Count = count, Min = min, Max = max };
}
