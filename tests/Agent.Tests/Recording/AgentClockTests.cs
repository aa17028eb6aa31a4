using Microsoft.Extensions.Time.Testing;
using Observability.Agent.Recording;

namespace Observability.Agent.Tests.Recording;

public sealed class AgentClockTests
{
    [Fact]
    public void PreciseNs_AtTheStart_IsTheSystemsTime()
    {
        var time = new SettableTime();
        using var clock = new AgentClock(time);
        Assert.Equal((time.GetUtcNow() - DateTimeOffset.UnixEpoch).Ticks * 100, clock.PreciseNs());
    }

    [Fact]
    public void Align_AfterASmallCorrection_FollowsSlowly()
    {
        var time = new SettableTime();
        using var clock = new AgentClock(time);
        long before = clock.PreciseNs();
        time.Shift = TimeSpan.FromMilliseconds(-1);
        clock.Align();
        Assert.Equal(before - AgentClock.SlewNsMax, clock.PreciseNs());
        for (int i = 0; i < 10; i++)
        {
            clock.Align();
        }
        Assert.Equal(before - 1_000_000, clock.PreciseNs());
    }

    [Fact]
    public void Align_AfterTheClockWasSet_TakesItOverAtOnce()
    {
        var time = new SettableTime();
        using var clock = new AgentClock(time);
        long before = clock.PreciseNs();
        time.Shift = TimeSpan.FromHours(-3);
        clock.Align();
        Assert.Equal(before - (3L * 3600 * 1_000_000_000), clock.PreciseNs());
    }

    [Fact]
    public void NowNs_WhileFine_IsRefreshedAndPreciseAgainAfterwards()
    {
        using var clock = new AgentClock(TimeProvider.System);
        clock.SetFine(true);
        long first = clock.NowNs();
        Assert.True(SpinWait.SpinUntil(() => clock.NowNs() > first, TimeSpan.FromSeconds(10)));
        Assert.InRange(clock.NowNs(), clock.PreciseNs() - 5_000_000_000, clock.PreciseNs());
        clock.SetFine(false);
        // Precise again: two reads in a row differ.
        Assert.True(SpinWait.SpinUntil(
            () =>
            {
                long a = clock.NowNs();
                return clock.NowNs() != a && clock.NowNs() != a;
            },
            TimeSpan.FromSeconds(10)));
    }

    [Fact]
    public void Dispose_WhileFine_EndsItsThread()
    {
        var clock = new AgentClock(TimeProvider.System);
        clock.SetFine(true);
        clock.Dispose();
        Assert.True(clock.NowNs() > 0);
    }

    /// <summary>A system clock that is set, which the monotonic timer does not follow.</summary>
    private sealed class SettableTime : FakeTimeProvider
    {
        public TimeSpan Shift { get; set; }

        public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + Shift;

        public override long GetTimestamp() => base.GetUtcNow().Ticks;
    }
}
