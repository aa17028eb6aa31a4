using Observability.Agent.Transport;

namespace Observability.Agent.Tests.Transport;

public sealed class BackoffTests
{
    private static readonly TimeSpan Min = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan Max = TimeSpan.FromMilliseconds(500);

    [Fact]
    public void Next_OfEachAttempt_DoublesWithinItsJitterUpToTheMaximum()
    {
        var backoff = new Backoff(Min, Max, new Random(1));
        foreach (double whole in new[] { 50.0, 100, 200, 400, 500, 500, 500 })
        {
            Assert.InRange(backoff.Next().TotalMilliseconds, whole / 2, whole);
        }
    }

    [Fact]
    public void Next_AfterManyAttempts_StaysAtTheMaximum()
    {
        var backoff = new Backoff(Min, Max, new Random(1));
        for (int i = 0; i < 10_000; i++)
        {
            Assert.InRange(backoff.Next(), TimeSpan.Zero, Max);
        }
    }

    [Fact]
    public void Reset_AfterSuccess_StartsAtTheMinimum()
    {
        var backoff = new Backoff(Min, Max, new Random(1));
        for (int i = 0; i < 6; i++)
        {
            backoff.Next();
        }
        backoff.Reset();
        Assert.InRange(backoff.Next(), Min / 2, Min);
    }

    [Fact]
    public void Next_OfManyAgents_Differs()
    {
        TimeSpan[] delays = [.. Enumerable.Range(0, 100).Select(seed => new Backoff(Min, Max, new Random(seed)).Next())];
        Assert.InRange(delays.Distinct().Count(), 80, 100);
    }
}
