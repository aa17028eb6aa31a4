using Observability.Aggregator.Storage;
using Observability.Aggregator.Tests.Streaming;
using Observability.Aggregator.Triggers;

namespace Observability.Aggregator.Tests.Triggers;

public sealed class SeriesWatchTests
{
    private const long StartNs = 1_763_769_600_000_000_000;
    private const long NsPerMs = 1_000_000;

    private readonly TestSource _source = new(new TelemetryStore(new StorageOptions(), 1));

    [Theory]
    [InlineData(">", 100, false)]
    [InlineData(">", 100.01, true)]
    [InlineData(">=", 100, true)]
    [InlineData("<", 100, false)]
    [InlineData("<", 99.99, true)]
    [InlineData("<=", 100, true)]
    [InlineData("==", 100, true)]
    [InlineData("==", 101, false)]
    [InlineData("!=", 101, true)]
    [InlineData("!=", 100, false)]
    [InlineData(">", double.NaN, false)]
    [InlineData("<", double.NaN, false)]
    [InlineData("!=", double.NaN, false)]
    [InlineData(">", double.PositiveInfinity, true)]
    public void Take_OfOneSample_FiresWhereTheConditionHolds(string condition, double value, bool fires) =>
        Assert.Equal(fires ? "0" : "", Fires(Rules.Of(condition), (0, value)));

    [Fact]
    public void Take_WithADuration_FiresAtTheFirstSampleThatFillsIt()
    {
        TriggerRule rule = Rules.Of(forMs: 40);
        Assert.Equal("", Fires(rule, (0, 101), (20, 101), (39, 101)));
        Assert.Equal("40", Fires(rule, (0, 101), (20, 101), (40, 101), (60, 101)));
        Assert.Equal("100", Fires(rule, (0, 101), (20, 101), (30, 99), (60, 101), (80, 101), (100, 101)));
    }

    [Fact]
    public void Take_AfterAGap_DoesNotTakeTheConditionAsHeld()
    {
        TriggerRule rule = Rules.Of(forMs: 1000);
        Assert.Equal("", Fires(rule, (0, 101), (20, 101), (7000, 101)));
        Assert.Equal("8000", Fires(rule, (0, 101), (20, 101), (7000, 101), (8000, 101)));
    }

    [Fact]
    public void Take_OfALateSample_ChangesNothing()
    {
        TriggerRule rule = Rules.Of();
        Assert.Equal("", Fires(rule, (100, 50), (60, 500), (120, 50)));
    }

    [Fact]
    public void Take_WhileFiring_EndsOnceClearForLongEnough()
    {
        SeriesWatch watch = Watch(Rules.Of(change: rule => rule with { ClearForMs = 40, ClearThreshold = 80 }));
        Assert.Equal(WatchChange.Fired, Take(watch, 0, 120));
        Assert.Equal(WatchChange.None, Take(watch, 20, 90));        // below the threshold, above where it clears
        Assert.Equal(WatchChange.None, Take(watch, 40, 70));
        Assert.Equal(WatchChange.None, Take(watch, 60, 300));       // not over yet
        Assert.Equal(WatchChange.None, Take(watch, 80, 70));
        Assert.Equal(WatchChange.None, Take(watch, 119, 70));
        Assert.Equal(WatchChange.Ended, Take(watch, 120, 70));
        Assert.Equal(300, watch.Peak);
        Assert.Equal(WatchState.Inactive, watch.State);
    }

    [Fact]
    public void Take_InTheHoldoff_FiresWhenItIsOver()
    {
        SeriesWatch watch = Watch(Rules.Of(change: rule => rule with { HoldoffMs = 100 }));
        Assert.Equal(WatchChange.Fired, Take(watch, 0, 120));
        Assert.Equal(WatchChange.Ended, Take(watch, 20, 50));
        Assert.Equal(WatchChange.None, Take(watch, 60, 120));
        Assert.Equal(WatchChange.None, Take(watch, 119, 120));
        Assert.Equal(WatchChange.Fired, Take(watch, 120, 120));
    }

    [Fact]
    public void Take_OfAGaugesRate_ComparesChangePerSecond()
    {
        TriggerRule rule = Rules.Of(measure: "rate", threshold: 1000);
        // 20 in 20 ms is 1,000 a second: at the threshold, not above it.
        Assert.Equal("60", Fires(rule, (0, 0), (20, 20), (40, 40), (60, 61), (80, 62)));
        Assert.Equal("40", Fires(Rules.Of("<", -1000, measure: "rate"), (0, 50), (20, 50), (40, 20), (60, 20)));
    }

    [Fact]
    public void Take_OfARateOverATime_SeesTheSlope()
    {
        TriggerRule rule = Rules.Of(measure: "rate", threshold: 90, change: rule => rule with { OverMs = 100 });
        // Jagged, but 10 in 100 ms in all.
        Assert.Equal("100", Fires(rule, (0, 0), (20, 9), (40, 1), (60, 8), (80, 2), (100, 10)));
        Assert.Equal("", Fires(rule, (0, 0), (20, 9), (40, 1), (60, 8), (80, 9)));
    }

    [Fact]
    public void Take_OfACountersRate_CountsARestartFromZero()
    {
        Series counter = _source.Add("total", SeriesKind.Counter);
        var watch = new SeriesWatch(Rules.Of(measure: "rate", threshold: 500), counter, 0);
        for (int step = 0; step <= 100; step++)
        {
            // 10 each 20 ms: 500 a second, also across the restart.
            double total = step < 60 ? 1e6 + (10 * step) : 10 * (step - 59);
            Assert.Equal(WatchChange.None, Take(watch, 20 * step, total));
            Assert.True(step < 50 || Math.Abs(watch.Value - 500) < 1e-6, $"{watch.Value} at step {step}");
        }
        Assert.Equal(WatchChange.Fired, Take(watch, 2020, 500));
    }

    [Fact]
    public void Take_OverTenThousandSamples_AllocatesNothing()
    {
        SeriesWatch plain = Watch(Rules.Of(forMs: 20));
        SeriesWatch rate = Watch(Rules.Of(measure: "rate", threshold: 1e12, change: rule => rule with { OverMs = 1000 }));
        Take(plain, 0, 1);
        Take(rate, 0, 1);
        AllocationMeter meter = AllocationMeter.Start();
        for (int step = 1; step < 10_000; step++)
        {
            Take(plain, 20 * step, step % 3 == 0 ? 200 : 1);
            Take(rate, 20 * step, step);
        }
        meter.AssertNothing();
    }

    private SeriesWatch Watch(TriggerRule rule) => new(rule, _source.Add($"gauge_{Guid.NewGuid():N}"), 0);

    private static WatchChange Take(SeriesWatch watch, long atMs, double value) => watch.Take(StartNs + (atMs * NsPerMs), value, value);

    /// <summary>When the rule fires on these samples, in ms.</summary>
    private string Fires(TriggerRule rule, params (long AtMs, double Value)[] samples)
    {
        SeriesWatch watch = Watch(rule);
        return string.Join(' ', samples.Where(sample => Take(watch, sample.AtMs, sample.Value) == WatchChange.Fired).Select(sample => sample.AtMs));
    }
}
