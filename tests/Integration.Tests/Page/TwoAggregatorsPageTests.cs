namespace Integration.Tests.Page;

/// <summary>One page on two aggregators: one that is down is shown as down, and the other goes on.</summary>
[Trait("Needs", "Browser")]
public sealed class TwoAggregatorsPageTests : GraphTest
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task Page_OneOfTwoAggregatorsKilled_ShowsItAndGoesOnWithTheOther()
    {
        await using Chromium chromium = await Chromium.StartAsync();
        await using TestGraph graph = await TestGraph.StartAsync("Aggregators=2", "Dashboard:Run=process");
        Uri dashboard = graph.GetEndpoint("http", "dashboard");
        await graph.App.ResourceNotifications.WaitForResourceHealthyAsync("dashboard", TestContext.Current.CancellationToken);
        await using GroundTruth truth = await GroundTruth.StartAsync(graph, level: 42);
        await using LivePage page = await chromium.OpenAsync(
            new Uri(dashboard, $"/?page=service&service={GroundTruth.Service}&metric={GroundTruth.Metric}"));
        await page.StreamsAsync();
        await Eventually.GetAsync(() => page.ReadoutAsync(GroundTruth.Metric), value => value == 42, Patience, "the value of the first aggregator");

        await using LivePage system = await chromium.OpenAsync(new Uri(dashboard, "/?page=system"));
        Task<int> CountAsync(string state) => system.Page.Locator($"[data-aggregator][data-state={state}]").CountAsync();
        await Eventually.GetAsync(() => CountAsync("open"), count => count == 2, Patience, "two that are up");

        await graph.KillAggregatorAsync("aggregator-2");

        // The AppHost starts it again by itself: both pages are watched from the first moment.
        await Task.WhenAll(
            Eventually.GetAsync(() => page.TextAsync("[data-badge]"), text => text.Contains("1 of 2 aggregators", StringComparison.Ordinal), Patience, "the loss on the badge"),
            Eventually.GetAsync(() => CountAsync("lost"), count => count == 1, Patience, "one that is down"),
            Eventually.GetAsync(() => CountAsync("open"), count => count == 1, Patience, "one that is up"));
        await system.ScreenshotAsync("system-one-down");
        truth.Level = 77;
        await Eventually.GetAsync(() => page.ReadoutAsync(GroundTruth.Metric), value => value == 77, Patience, "the other aggregator's next values");
        await page.StreamsAsync();
        await Eventually.GetAsync(
            () => page.CountFramesAsync(TimeSpan.FromSeconds(1)), frames => frames.Painted > 0, Patience, "frames painted after one of two aggregators went down");

        await graph.StartResourceAsync("aggregator-2");
        await Eventually.GetAsync(() => CountAsync("open"), count => count == 2, Patience, "both");
        await Eventually.GetAsync(
            () => page.TextAsync("[data-badge]"), text => !text.Contains("of 2", StringComparison.Ordinal), Patience, "the badge without the loss");
        Assert.Empty(page.Errors);
        Assert.Empty(system.Errors);
    }
}
