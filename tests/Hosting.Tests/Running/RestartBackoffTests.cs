using Aspire.Hosting.Running;

namespace Hosting.Tests.Running;

public sealed class RestartBackoffTests
{
    private readonly RestartBackoff _backoff = new();

    [Fact]
    public void TryNext_CrashAfterCrash_WaitsLongerUpToALimitAndGivesUp()
    {
        var delays = new List<double>();
        while (_backoff.TryNext(TimeSpan.FromSeconds(1), out TimeSpan delay))
        {
            delays.Add(delay.TotalSeconds);
        }
        Assert.Equal([0.5, 1, 2, 4, 8, 8, 8, 8], delays);
        Assert.Equal(RestartBackoff.AttemptsMax, delays.Count);
    }

    [Fact]
    public void TryNext_AfterAStableLife_BeginsAnew()
    {
        for (int attempt = 0; attempt < RestartBackoff.AttemptsMax; attempt++)
        {
            _backoff.TryNext(TimeSpan.Zero, out _);
        }
        Assert.False(_backoff.TryNext(RestartBackoff.StableAfter - TimeSpan.FromTicks(1), out _));
        Assert.True(_backoff.TryNext(RestartBackoff.StableAfter, out TimeSpan delay));
        Assert.Equal(0.5, delay.TotalSeconds);
    }
}
