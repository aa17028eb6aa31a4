using Observability.Agent.Transport;

namespace Observability.Agent.Tests.Transport;

public sealed class ClockEstimateTests
{
    private const long Ms = 1_000_000;

    [Fact]
    public void Add_SeveralEchoes_KeepsTheFastest()
    {
        var estimate = new ClockEstimate();
        Assert.Equal((0L, 0L), (estimate.OffsetNs, estimate.RoundTripNs));
        estimate.Add(1, 1000 * Ms, 1090 * Ms, 1100 * Ms);       // 100 ms, most of it on the way there
        estimate.Add(1, 2000 * Ms, 2011 * Ms, 2002 * Ms);       // 2 ms: the server is 10 ms ahead
        estimate.Add(1, 3000 * Ms, 3000 * Ms, 3030 * Ms);
        Assert.Equal((10 * Ms, 2 * Ms), (estimate.OffsetNs, estimate.RoundTripNs));
    }

    [Fact]
    public void Add_AfterTwoWindows_ForgetsTheOldBest()
    {
        var estimate = new ClockEstimate();
        estimate.Add(1, 0, 50 * Ms, 1 * Ms);
        long later = ClockEstimate.WindowNs + (10 * Ms);
        estimate.Add(1, later - (4 * Ms), later, later);
        Assert.Equal(1 * Ms, estimate.RoundTripNs);
        later += ClockEstimate.WindowNs;
        estimate.Add(1, later - (6 * Ms), later, later);
        Assert.Equal(4 * Ms, estimate.RoundTripNs);
        later += ClockEstimate.WindowNs;
        estimate.Add(1, later - (8 * Ms), later, later);
        Assert.Equal(6 * Ms, estimate.RoundTripNs);
    }

    [Fact]
    public void Add_FromAnotherSession_StartsAnew()
    {
        var estimate = new ClockEstimate();
        estimate.Add(1, 1000 * Ms, 5000 * Ms, 1002 * Ms);
        estimate.Add(2, 2000 * Ms, 2010 * Ms, 2020 * Ms);
        Assert.Equal((0L, 20 * Ms), (estimate.OffsetNs, estimate.RoundTripNs));
    }

    [Fact]
    public void Add_AnEchoFromTheFuture_IsIgnored()
    {
        var estimate = new ClockEstimate();
        estimate.Add(1, 1000 * Ms, 1000 * Ms, 999 * Ms);
        Assert.Equal(0, estimate.RoundTripNs);
    }
}
