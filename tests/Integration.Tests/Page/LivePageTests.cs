using Microsoft.Playwright;

namespace Integration.Tests.Page;

/// <summary>The page in a real browser, on the running graph: what is painted is what was recorded.</summary>
[Trait("Needs", "Browser")]
public sealed class LivePageTests(PageFixture fixture) : GraphTest, IClassFixture<PageFixture>
{
    /// <summary>PAGE_HEAP_SECONDS=600 watches for ten minutes.</summary>
    private static readonly int HeapSeconds = int.TryParse(Environment.GetEnvironmentVariable("PAGE_HEAP_SECONDS"), out int seconds) ? seconds : 30;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan CountingTime = TimeSpan.FromSeconds(5);

    /// <summary>A fifth of 60 a second: fails for a page that hangs, not for a loaded machine.</summary>
    private const long FramesMin = 60;

    [Fact]
    public async Task Page_OnTheRunningGraph_PaintsMovingChartsOfWhatWasRecorded()
    {
        Chromium chromium = await fixture.ChromiumAsync();
        TestGraph graph = await fixture.OwnGraphAsync();
        await using GroundTruth truth = await GroundTruth.StartAsync(graph, level: 42);
        await using LivePage page = await chromium.OpenAsync(ServiceOf(graph));
        await page.StreamsAsync();

        // The figures and the pixels follow what is recorded, in both directions.
        foreach (double level in new[] { 42.0, 87.5, 12.25 })
        {
            truth.Level = level;
            await Eventually.GetAsync(() => page.ReadoutAsync(GroundTruth.Metric), shown => shown == level, Patience, $"the readout {level}");
            (double value, double perPixel) = await Eventually.GetAsync(
                () => page.PaintedValueAsync(GroundTruth.Metric),
                painted => Math.Abs(painted.Value - level) <= 2 * painted.ValuePerPixel,
                Patience, $"the line at {level}");
            TestContext.Current.SendDiagnosticMessage($"level {level}: painted pixels say {value:0.###} (a pixel is {perPixel:0.###})");
        }

        // 12.5 ms requests, one each 20 ms: the exponential buckets are at most 1 % wide at this scale.
        double p99 = await Eventually.GetAsync(() => page.ReadoutAsync("latency-p99"), shown => Math.Abs(shown - 12.5) < 0.5, Patience, "p99 near 12.5 ms");
        Assert.InRange(p99, 12.0, 13.0);

        string before = await page.PictureAsync("throughput");
        // A busy machine may put the page into a slower class for some seconds: then the next ones are counted.
        (long painted, long offered) = await Eventually.GetAsync(
            () => page.CountFramesAsync(CountingTime), frames => frames.Painted >= FramesMin && frames.Painted >= 0.8 * frames.Offered, Patience, "frames painted as offered");
        double[] latencies = await Eventually.GetAsync(page.LatenciesAsync, read => read[0] > 0, Patience, "the latency on the badge");
        TestContext.Current.TestOutputHelper?.WriteLine(FormattableString.Invariant(
            $"record to paint p50 {latencies[0]:0.0}, p95 {latencies[1]:0.0}, p99 {latencies[2]:0.0} ms"));
        Assert.Equal(latencies.Order(), latencies);
        TestContext.Current.TestOutputHelper?.WriteLine($"painted {painted} frames in {CountingTime.TotalSeconds:0} s; the browser offered {offered}");
        Assert.NotEqual(before, await page.PictureAsync("throughput"));
        Assert.Empty(page.Errors);
        await page.ScreenshotAsync("service");
    }

    [Fact]
    public async Task Page_WithPaintingDisabled_FailsTheSameChecks()
    {
        Chromium chromium = await fixture.ChromiumAsync();
        TestGraph graph = await fixture.OwnGraphAsync();
        await using GroundTruth truth = await GroundTruth.StartAsync(graph, level: 42);
        await using LivePage page = await chromium.OpenAsync(ServiceOf(graph, "&paint=off"));
        await Eventually.GetAsync(page.StateAsync, state => state is "live" or "stalled", Patience, "the page's connection");

        (long painted, long offered) = await page.CountFramesAsync(CountingTime);
        (double value, _) = await page.PaintedValueAsync(GroundTruth.Metric);

        Assert.True(offered > 0);
        Assert.Equal(0, painted);
        Assert.True(double.IsNaN(value), $"Nothing may be painted, but pixels say {value}.");
    }

    [Fact]
    public async Task Page_AggregatorKilledAndStarted_ShowsTheLossThenRefillsItsWindow()
    {
        Chromium chromium = await fixture.ChromiumAsync();
        TestGraph graph = await fixture.OwnGraphAsync();
        await using GroundTruth truth = await GroundTruth.StartAsync(graph, level: 42);
        await using LivePage page = await chromium.OpenAsync(ServiceOf(graph, "&window=5s"));
        await page.StreamsAsync();
        await Eventually.GetAsync(() => page.PaintedColumnsAsync(GroundTruth.Metric), share => share > 0.9, Patience, "a full window before the loss");

        await graph.KillAggregatorAsync();
        await Eventually.GetAsync(page.StateAsync, state => state == "disconnected", Patience, "the loss on the badge");
        await page.ScreenshotAsync("disconnected");
        truth.Level = 77;
        await graph.StartResourceAsync();

        await page.StreamsAsync();
        await Eventually.GetAsync(() => page.ReadoutAsync(GroundTruth.Metric), shown => shown == 77, Patience, "new values after the restart");
        double share = await Eventually.GetAsync(() => page.PaintedColumnsAsync(GroundTruth.Metric), painted => painted > 0.9, Patience, "a refilled window");
        TestContext.Current.TestOutputHelper?.WriteLine($"painted columns of the window after the restart: {share:P0}; replayed samples: {truth.Agent.Ledger.Replayed}");
        Assert.True(truth.Agent.Ledger.Replayed > 0, "The agent replayed nothing.");
        Assert.Empty(page.Errors);
    }

    [Fact]
    public async Task Heap_WhileThePageIsOpen_StaysFlat()
    {
        Chromium chromium = await fixture.ChromiumAsync();
        TestGraph graph = await fixture.OwnGraphAsync();
        await using GroundTruth truth = await GroundTruth.StartAsync(graph, level: 42);
        await using LivePage live = await chromium.OpenAsync(ServiceOf(graph));
        await live.StreamsAsync();
        ICDPSession devtools = await live.Page.Context.NewCDPSessionAsync(live.Page);
        await HeapAfterSecondsAsync(live, devtools, HeapSeconds / 6);
        double first = await HeapAfterSecondsAsync(live, devtools, HeapSeconds / 2);
        double second = await HeapAfterSecondsAsync(live, devtools, HeapSeconds / 2);

        TestContext.Current.TestOutputHelper?.WriteLine($"heap after collection: {first / 1e6:0.0} MB, {HeapSeconds / 2} s later {second / 1e6:0.0} MB");
        Assert.True(second < (first * 1.15) + 1e6, $"The heap grew from {first / 1e6:0.0} to {second / 1e6:0.0} MB.");
        Assert.Empty(live.Errors);
        Assert.Empty(live.ConsoleErrors);
    }

    /// <summary>What the heap holds once it has been collected, when so many seconds of frames have been painted.</summary>
    private static async Task<double> HeapAfterSecondsAsync(LivePage live, ICDPSession devtools, int seconds)
    {
        await live.CountFramesAsync(TimeSpan.FromSeconds(seconds));
        await devtools.SendAsync("HeapProfiler.collectGarbage");
        return await live.Page.EvaluateAsync<double>("() => performance.memory.usedJSHeapSize");
    }

    private static Uri ServiceOf(TestGraph graph, string more = "") =>
        new(graph.GetEndpoint("http", "dashboard"), $"/?page=service&service={GroundTruth.Service}&metric={GroundTruth.Metric}{more}");
}
