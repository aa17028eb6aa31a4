using Microsoft.Extensions.Time.Testing;
using Observability.Aggregator.Ingest;

namespace Observability.Aggregator.Tests.Ingest;

public sealed class KeyUsageTests
{
    private readonly FakeTimeProvider _clock = new();

    [Fact]
    public void TryOpen_AtTheLimitPastItAndAfterAClose()
    {
        KeyUsage key = new(streamsMax: 2, samplesPerSecondMax: 10, _clock);
        Assert.True(key.TryOpen() && key.TryOpen());
        Assert.False(key.TryOpen());
        key.Close();
        Assert.True(key.TryOpen());
        Assert.Equal(2, key.Streams);
    }

    [Fact]
    public void TryTake_ASecondsWorthAtOnce_PassesAndWhatComesThenWaits()
    {
        KeyUsage key = new(1, samplesPerSecondMax: 1000, _clock);
        Assert.True(key.TryTake(1000, out uint retryAfterMs));
        Assert.True(key.TryTake(1, out retryAfterMs));
        Assert.Equal(0U, retryAfterMs);
        Assert.False(key.TryTake(1, out retryAfterMs));
        Assert.InRange(retryAfterMs, 1U, 10U);
        _clock.Advance(TimeSpan.FromMilliseconds(retryAfterMs));
        Assert.True(key.TryTake(500, out retryAfterMs));
        Assert.False(key.TryTake(1, out retryAfterMs));
        Assert.InRange(retryAfterMs, 490U, 510U);
    }

    [Fact]
    public void TryTake_OverALongTime_AllowsTheRateAndNoMore()
    {
        KeyUsage key = new(1, samplesPerSecondMax: 1000, _clock);
        long taken = 0;
        for (int ms = 0; ms < 10_000; ms++)
        {
            taken += key.TryTake(10, out _) ? 10 : 0;
            _clock.Advance(TimeSpan.FromMilliseconds(1));
        }
        Assert.InRange(taken, 10_500, 11_500);    // Ten seconds, and one at once.
    }
}
