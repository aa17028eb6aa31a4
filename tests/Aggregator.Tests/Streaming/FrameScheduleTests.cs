using Observability.Aggregator.Streaming;
using Observability.Aggregator.Streaming.Frames;

namespace Observability.Aggregator.Tests.Streaming;

public sealed class FrameScheduleTests
{
    private const long Ms = 1_000_000;
    private static readonly RateClass Full = RateClass.Fastest;
    private readonly FrameSchedule _schedule = new();

    [Fact]
    public void IsDue_AfterAQuietTime_IsAtOnce()
    {
        Assert.False(_schedule.IsDue(Full, 500 * Ms));
        _schedule.OnArrival(500 * Ms, coalesceNs: 0);
        Assert.True(_schedule.IsDue(Full, 500 * Ms));
    }

    [Fact]
    public void IsDue_WithCoalescing_WaitsForOthersOnce()
    {
        _schedule.OnArrival(500 * Ms, coalesceNs: Ms);
        Assert.False(_schedule.IsDue(Full, 500 * Ms));
        _schedule.OnArrival(501 * Ms, coalesceNs: Ms);
        Assert.True(_schedule.IsDue(Full, 501 * Ms));
        _schedule.OnLooked(Full, 501 * Ms, madeFrame: true);
        _schedule.OnArrival(502 * Ms, coalesceNs: Ms);
        Assert.Equal((501 * Ms) + Full.PeriodNs, _schedule.DueNs(Full));
    }

    [Fact]
    public void OnLooked_WithAnArrivalEveryTwentyMs_SendsEachAtOnceAndKeepsThePeriodBetween()
    {
        for (long now = 1000 * Ms; now < 3000 * Ms; now += 20 * Ms)
        {
            _schedule.OnArrival(now, 0);
            Assert.True(_schedule.IsDue(Full, now));
            _schedule.OnLooked(Full, now, madeFrame: true);
            Assert.False(_schedule.IsFree(Full, now + (16 * Ms)));
        }
    }

    [Fact]
    public void OnLooked_WithArrivalsAllTheTime_MakesSixtyASecondOnAverage()
    {
        int frames = 0;
        // Woken up to a millisecond late each time, as a sleep is.
        for (long now = 1000 * Ms; now < 11_000 * Ms; now += Ms)
        {
            _schedule.OnArrival(now, 0);
            if (_schedule.IsDue(Full, now))
            {
                frames++;
                _schedule.OnLooked(Full, now, madeFrame: true);
            }
        }
        Assert.InRange(frames, 599, 601);
    }

    [Fact]
    public void OnLooked_LongAfterItWasDue_CountsThePeriodFromNow()
    {
        _schedule.OnArrival(1000 * Ms, 0);
        _schedule.OnLooked(Full, 1000 * Ms, madeFrame: true);
        _schedule.OnArrival(1005 * Ms, 0);
        _schedule.OnLooked(Full, 1100 * Ms, madeFrame: true);
        Assert.Equal((1100 * Ms) + Full.PeriodNs, _schedule.FreeNs(Full));
        Assert.False(_schedule.HasNews(Full));
    }

    [Fact]
    public void OnLooked_InVain_HoldsUpTheNextSampleByTheShortPauseAlone()
    {
        _schedule.OnArrival(1000 * Ms, 0);
        _schedule.OnLooked(Full, 1000 * Ms, madeFrame: false);
        Assert.False(_schedule.HasNews(Full));
        Assert.Equal((1000 * Ms) + FrameSchedule.FruitlessPauseNs, _schedule.FreeNs(Full));
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(-5_000_000, 0)]
    [InlineData(300_000, 0)]
    [InlineData(300_001, 1)]
    [InlineData(16_666_666, 16)]
    public void SleepMs_UntilATime_NeverOversleepsByMoreThanAMillisecond(long leftNs, int expected) =>
        Assert.Equal(expected, FrameSchedule.SleepMs(1_000_000_000 + leftNs, 1_000_000_000));
}
