using Observability.Aggregator.Query;

namespace Observability.Aggregator.Tests.Query;

public sealed class QueryTimeTests
{
    [Theory]
    [InlineData("1763769600000000000", 1_763_769_600_000_000_000)]
    [InlineData("now", 5_000)]
    [InlineData("now-2us", 3_000)]
    [InlineData("2025-11-22T00:00:00Z", 1_763_769_600_000_000_000)]
    [InlineData("2025-11-22T01:00:00+01:00", 1_763_769_600_000_000_000)]
    public void TryParseTime_InEachForm_IsTheTime(string text, long expected)
    {
        Assert.True(QueryTime.TryParseTime(text, nowNs: 5_000, out long timeNs));
        Assert.Equal(expected, timeNs);
    }

    [Theory]
    [InlineData("")]
    [InlineData("now-")]
    [InlineData("now-5")]
    [InlineData("later")]
    public void TryParseTime_OfAnythingElse_IsFalse(string text) => Assert.False(QueryTime.TryParseTime(text, 0, out _));

    [Theory]
    [InlineData("20ms", 20_000_000)]
    [InlineData("1s", 1_000_000_000)]
    [InlineData("5m", 300_000_000_000)]
    [InlineData("0ns", 0)]
    public void TryParseDuration_WithAUnit_IsItsLength(string text, long expected)
    {
        Assert.True(QueryTime.TryParseDuration(text, out long durationNs));
        Assert.Equal(expected, durationNs);
    }

    [Theory]
    [InlineData("ms")]
    [InlineData("1")]
    [InlineData("-1s")]
    [InlineData("1.5s")]
    [InlineData("1 s")]
    [InlineData("9223372036854775807s")]
    [InlineData("99999999999999999999s")]
    public void TryParseDuration_OfAnythingElse_IsFalse(string text) => Assert.False(QueryTime.TryParseDuration(text, out _));
}
