using FsCheck;
using FsCheck.Fluent;

namespace Observability.Protocol.Tests.Status;

public sealed class GrpcTimeoutTests
{
    [Theory]
    [InlineData("2H", 2 * TimeSpan.TicksPerHour)]
    [InlineData("3M", 3 * TimeSpan.TicksPerMinute)]
    [InlineData("4S", 4 * TimeSpan.TicksPerSecond)]
    [InlineData("5m", 5 * TimeSpan.TicksPerMillisecond)]
    [InlineData("6u", 6 * TimeSpan.TicksPerMicrosecond)]
    [InlineData("700n", 7)]
    [InlineData("1n", 1)]
    [InlineData("0S", 0)]
    [InlineData("99999999H", 99_999_999 * TimeSpan.TicksPerHour)]
    public void TryParse_EveryUnit_IsRead(string header, long ticks)
    {
        Assert.True(GrpcTimeout.TryParse(header, out TimeSpan timeout));
        Assert.Equal(ticks, timeout.Ticks);
    }

    [Theory]
    [InlineData("")]
    [InlineData("S")]
    [InlineData("5")]
    [InlineData("5s")]
    [InlineData("5x")]
    [InlineData("-5S")]
    [InlineData("+5S")]
    [InlineData(" 5S")]
    [InlineData("5 S")]
    [InlineData("1.5S")]
    [InlineData("999999999n")]
    public void TryParse_Malformed_IsRefused(string header) => Assert.False(GrpcTimeout.TryParse(header, out _));

    [Theory]
    [InlineData(1, "100n")]
    [InlineData(TimeSpan.TicksPerSecond, "1000000u")]
    [InlineData(20 * TimeSpan.TicksPerMillisecond, "20000000n")]
    [InlineData(0, "1n")]
    [InlineData(-5, "1n")]
    [InlineData(30 * TimeSpan.TicksPerDay, "2592000S")]
    [InlineData(long.MaxValue, "99999999H")]
    public void Format_OfATime_UsesTheFinestUnitThatFits(long ticks, string header)
    {
        // For example, 30 days are 2,592,000,000 ms: too long for eight digits, so seconds.
        Assert.Equal(header, GrpcTimeout.Format(new TimeSpan(ticks)));
    }

    private static Gen<long> Ticks => ArbMap.Default.GeneratorFor<DoNotSize<long>>()
        .Select(number => Math.Abs(number.Item % (99_999_999 * TimeSpan.TicksPerHour)) + 1);

    [Fact]
    public void Format_ThenParse_IsNeverShorterAndAtMostOneUnitLonger() =>
        Check.One(
            Config.QuickThrowOnFailure.WithMaxTest(500),
            Prop.ForAll(Ticks.ToArbitrary(), ticks =>
            {
                var timeout = new TimeSpan(ticks);
                Assert.True(GrpcTimeout.TryParse(GrpcTimeout.Format(timeout), out TimeSpan parsed));
                Assert.InRange(parsed.Ticks, ticks, ticks + Math.Max(TimeSpan.TicksPerMicrosecond, ticks / 100_000));
            }));
}
