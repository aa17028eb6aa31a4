using Observability.Agent.Recording;

namespace Observability.Agent.Tests.Recording;

public sealed class BucketIndexTests
{
    [Theory]
    [InlineData(1.0, -1)]
    [InlineData(2.0, 31)]
    [InlineData(0.5, -33)]
    [InlineData(1.0000001, 0)]
    [InlineData(1.9999999, 31)]
    [InlineData(4.0, 63)]
    public void Of_AtPowersOfTwoAndBesideThem_ClosesTheBucketBelow(double value, int index) => Assert.Equal(index, BucketIndex.Of(value));

    [Fact]
    public void Of_AnyValue_LiesWithinTheBoundsOfItsBucket()
    {
        var random = new Random(1);
        for (int i = 0; i < 200_000; i++)
        {
            double value = Math.Pow(2, (random.NextDouble() * 200) - 100);
            int index = BucketIndex.Of(value);
            double slack = value * 1e-13;                   // the bounds printed here are themselves rounded
            Assert.InRange(value, BucketIndex.LowerBound(index, BucketIndex.ScaleMax) - slack, BucketIndex.LowerBound(index + 1, BucketIndex.ScaleMax) + slack);
        }
    }

    [Fact]
    public void Of_RisingValues_NeverFalls()
    {
        int previous = int.MinValue;
        for (double value = 0.9; value < 4.2; value = Math.BitIncrement(value * 1.00001))
        {
            int index = BucketIndex.Of(value);
            Assert.InRange(index, previous, int.MaxValue);
            previous = index;
        }
    }

    [Theory]
    [InlineData(double.Epsilon)]
    [InlineData(double.MaxValue)]
    [InlineData(2.2250738585072014E-308)]
    public void Of_TheEndsOfTheRange_IsAnIndex(double value) =>
        Assert.InRange(BucketIndex.Of(value), -1023 << BucketIndex.ScaleMax, 1024 << BucketIndex.ScaleMax);
}
