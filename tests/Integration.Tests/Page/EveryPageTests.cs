using Deque.AxeCore.Commons;
using Deque.AxeCore.Playwright;
using Microsoft.Playwright;

namespace Integration.Tests.Page;

/// <summary>Each page and what can be done on it, in a real browser on the running graph; the pictures are kept beside the tests.</summary>
[Trait("Needs", "Browser")]
public sealed class EveryPageTests(PageFixture fixture) : GraphTest, IClassFixture<PageFixture>
{
    private const int PhoneWidth = 390;
    private const int PhoneHeight = 844;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    /// <summary>Name, address, and what must be there before it is looked at.</summary>
    public static TheoryData<string, string, string> Pages => new()
    {
        { "overview", "/", "tr[data-service] [data-spark]" },
        { "wall", "/?wall=rps", "#panel-wall" },
        { "service", $"/?page=service&service={GroundTruth.Service}&metric={GroundTruth.Metric}", "tr[data-instance]" },
        { "explore", $"/?page=explore&q={GroundTruth.Metric}&q=%5Baxis%3Dright%5Drps", "tr[data-line]" },
        { "explore-empty", "/?page=explore", "[role=combobox]" },
        { "alerts", "/?page=alerts", "[aria-label=Rules]" },
        { "system", "/?page=system", "tr[data-agent]" },
    };

    [Theory]
    [MemberData(nameof(Pages))]
    public async Task Page_OnDeskAndPhoneDarkAndLight_IsAccessibleAndFitsWithoutErrors(string name, string address, string ready)
    {
        Chromium chromium = await fixture.ChromiumAsync();
        TestGraph graph = await fixture.SharedGraphAsync();
        await using GroundTruth truth = await GroundTruth.StartAsync(graph, level: 42);
        foreach ((string form, int width, int height, ColorScheme scheme) in new[]
        {
            ("desk-dark", 1440, 900, ColorScheme.Dark), ("phone-light", PhoneWidth, PhoneHeight, ColorScheme.Light),
        })
        {
            await using LivePage page = await chromium.OpenAsync(AddressOf(graph, address), width, height, scheme);
            await page.Page.Locator(ready).First.WaitForAsync(new LocatorWaitForOptions { Timeout = (float)Patience.TotalMilliseconds });
            await page.StreamsAsync();

            AxeResult judged = await page.Page.RunAxe();

            Assert.True(judged.Violations.All(violation => violation.Impact is not ("serious" or "critical")), $"{name}, {form}:\n{Describe(judged)}");
            int overflow = await page.Page.EvaluateAsync<int>("() => document.documentElement.scrollWidth - document.documentElement.clientWidth");
            Assert.True(overflow <= 0, $"{name}, {form}: the page is {overflow} px wider than the screen.");
            await page.ScreenshotAsync($"{name}-{form}");
            Assert.Empty(page.Errors);
            Assert.Empty(page.ConsoleErrors);
        }
    }

    [Fact]
    public async Task Address_OpenedInASecondBrowser_ShowsTheSameSelectionAndRange()
    {
        Chromium chromium = await fixture.ChromiumAsync();
        TestGraph graph = await fixture.SharedGraphAsync();
        await using GroundTruth truth = await GroundTruth.StartAsync(graph, level: 42);
        await using LivePage first = await chromium.OpenAsync(AddressOf(graph, "/?page=explore"));

        // Typed, not clicked: a metric, a split, the second axis, a narrower window, a pause.
        await first.Page.Locator("[role=combobox]").FillAsync(GroundTruth.Metric);
        await first.Page.Keyboard.PressAsync("Enter");
        await first.Page.Locator("tr[data-line]").First.WaitForAsync();
        await first.Page.Locator("label:has-text('split') select").SelectOptionAsync("by service");
        await first.Page.Locator("label:has-text('axis') select").SelectOptionAsync("right");
        await first.Page.Locator("[role=toolbar] label:has-text('window') select").SelectOptionAsync("10000");
        await Eventually.GetAsync(() => first.ReadoutAsync($"explore-{Line}"), value => value == 42, Patience, "the value 42");
        await first.Page.Locator("h1").ClickAsync();
        await first.Page.Keyboard.PressAsync("Space");
        await Eventually.GetAsync(() => Task.FromResult(first.Page.Url), url => url.Contains("at=", StringComparison.Ordinal), Patience, "the instant in the address");
        string range = await RangeAsync(first);

        await using LivePage second = await chromium.OpenAsync(new Uri(first.Page.Url));

        await Eventually.GetAsync(() => second.ReadoutAsync($"explore-{Line}"), value => value == 42, Patience, "the value 42 in the second browser");
        Assert.Equal(range, await RangeAsync(second));
        Assert.Equal("right", await second.Page.Locator("label:has-text('axis') select").InputValueAsync());
        await Eventually.GetAsync(second.StateAsync, state => state == "paused", Patience, "the same instant in the second browser");
        Assert.Empty(second.Errors);
    }

    [Fact]
    public async Task Handling_KeysWheelDragLegendAndExport_DoWhatTheyPromise()
    {
        Chromium chromium = await fixture.ChromiumAsync();
        TestGraph graph = await fixture.SharedGraphAsync();
        await using GroundTruth truth = await GroundTruth.StartAsync(graph, level: 42);
        await using LivePage live = await chromium.OpenAsync(AddressOf(graph, $"/?page=explore&q={GroundTruth.Metric}"));
        IPage page = live.Page;
        string label = $"{GroundTruth.Metric} {GroundTruth.Service}/test-1";
        await Eventually.GetAsync(() => live.ReadoutAsync($"explore-{label}"), value => value == 42, Patience, "the value 42");
        await Eventually.GetAsync(() => live.PaintedColumnsAsync("explore"), share => share > 0.2, Patience, "a painted line");

        // The crosshair reads what was recorded; extremes of the window are exact at any zoom.
        LocatorBoundingBoxResult box = await BoxAsync(page);
        await page.Mouse.MoveAsync(box.X + (box.Width * 0.98f), box.Y + (box.Height / 2));
        await Eventually.GetAsync(() => live.ReadoutAsync($"explore-{label}"), value => value == 42, Patience, "the value under the crosshair");
        foreach (int zoom in new[] { 400, 400, -800 })
        {
            await page.Mouse.WheelAsync(0, zoom);
            await Eventually.GetAsync(() => live.ReadoutAsync($"explore-max-{label}"), value => value == 42, Patience, "the exact maximum after a zoom");
        }

        // A drag into the past freezes; L is live again.
        await page.Mouse.DownAsync();
        await page.Mouse.MoveAsync(box.X + box.Width, box.Y + (box.Height / 2), new MouseMoveOptions { Steps = 5 });
        await page.Mouse.MoveAsync(box.X + (box.Width * 0.98f) + 200, box.Y + (box.Height / 2), new MouseMoveOptions { Steps = 5 });
        await page.Mouse.UpAsync();
        await Eventually.GetAsync(live.StateAsync, state => state == "paused", Patience, "a frozen picture");
        // What is read from history for it may still come.
        string frozen = "";
        await Eventually.GetAsync(
            () => live.PictureAsync("explore"), picture => picture == Interlocked.Exchange(ref frozen, picture), Patience, "a picture that stands still");
        truth.Level = 99;
        long received = truth.Agent.Ledger.Acknowledged;
        await Eventually.GetAsync(() => Task.FromResult(truth.Agent.Ledger.Acknowledged), now => now > received + 100, Patience, "samples while frozen");
        Assert.Equal(frozen, await live.PictureAsync("explore"));
        await page.Keyboard.PressAsync("l");
        await Eventually.GetAsync(() => live.ReadoutAsync($"explore-max-{label}"), value => value == 99, Patience, "what arrived while the picture was frozen");

        // A name in the legend leaves its line out.
        await page.Locator("tr[data-line] button").First.ClickAsync();
        await Eventually.GetAsync(() => live.TextAsync("#panel-explore"), text => text.Contains("Every line is left out", StringComparison.Ordinal), Patience, "an empty chart");
        await page.Locator("tr[data-line] button").First.ClickAsync();

        IDownload csv = await page.RunAndWaitForDownloadAsync(() => page.GetByRole(AriaRole.Button, new PageGetByRoleOptions { Name = "CSV" }).ClickAsync());
        string[] lines = await File.ReadAllLinesAsync(await csv.PathAsync(), TestContext.Current.CancellationToken);
        Assert.Equal("time,unix_ms,series,unit,value,min,max", lines[0]);
        Assert.All(lines.Skip(1), line => Assert.EndsWith(line.Contains(",42,", StringComparison.Ordinal) ? ",42,42,42" : ",99,99,99", line, StringComparison.Ordinal));
        IDownload png = await page.RunAndWaitForDownloadAsync(() => page.GetByRole(AriaRole.Button, new PageGetByRoleOptions { Name = "PNG" }).ClickAsync());
        Assert.EndsWith(".png", png.SuggestedFilename, StringComparison.Ordinal);
        Assert.True(new FileInfo(await png.PathAsync()).Length > 2000);

        await page.Keyboard.PressAsync("?");
        await page.GetByRole(AriaRole.Dialog).WaitForAsync();
        Assert.Empty(live.Errors);
        Assert.Empty(live.ConsoleErrors);
    }

    [Fact]
    public async Task Handling_CrosshairLegendThemeAndSamples_DoWhatTheyPromise()
    {
        Chromium chromium = await fixture.ChromiumAsync();
        TestGraph graph = await fixture.SharedGraphAsync();
        await using GroundTruth truth = await GroundTruth.StartAsync(graph, level: 42);
        await using LivePage live = await chromium.OpenAsync(AddressOf(graph, $"/?page=service&service={GroundTruth.Service}"));
        IPage page = live.Page;
        await Eventually.GetAsync(() => live.PaintedColumnsAsync("throughput"), share => share > 0.1, Patience, "a painted line");

        // One crosshair: over one chart, it stands at the same instant of all.
        Assert.Equal([0], (await CrosshairsAsync(page)).Distinct());
        ILocator over = page.Locator("canvas[data-cursor=throughput]");
        await over.HoverAsync(new LocatorHoverOptions { Position = await MiddleAsync(over) });
        await Eventually.GetAsync(
            () => CrosshairsAsync(page), shares => shares.Length >= 5 && shares.All(share => Math.Abs(share - shares[0]) < 0.01) && shares[0] > 0.3, Patience,
            "the crosshair in the middle of every chart");
        await page.Locator("h1").HoverAsync();
        await Eventually.GetAsync(() => CrosshairsAsync(page), shares => shares.All(share => share == 0), Patience, "no crosshair");

        // With Alt a name draws its line alone, and again all of them.
        ILocator names = page.Locator("#panel-latency button[title^='Click: leave']");
        await names.First.ClickAsync(new LocatorClickOptions { Modifiers = [KeyboardModifier.Alt] });
        await Eventually.GetAsync(() => PressedAsync(names), pressed => pressed == "true false false", Patience, "one line alone");
        await names.First.ClickAsync(new LocatorClickOptions { Modifiers = [KeyboardModifier.Alt] });
        await Eventually.GetAsync(() => PressedAsync(names), pressed => pressed == "true true true", Patience, "every line again");

        // The theme goes with the system until somebody chooses.
        const string Background = "() => getComputedStyle(document.querySelector('header')).backgroundColor";
        string dark = await page.EvaluateAsync<string>(Background);
        await page.EmulateMediaAsync(new PageEmulateMediaOptions { ColorScheme = ColorScheme.Light });
        await Eventually.GetAsync(() => page.EvaluateAsync<string>(Background), colour => colour != dark, Patience, "the system's light theme");
        await page.Keyboard.PressAsync("t");
        await Eventually.GetAsync(() => page.EvaluateAsync<string>(Background), colour => colour == dark, Patience, "the dark theme that was chosen");

        // Instead of statistics, the samples themselves.
        await page.GotoAsync(AddressOf(graph, $"/?page=explore&q={GroundTruth.Metric}").ToString());
        await page.GetByRole(AriaRole.Button, new PageGetByRoleOptions { Name = "Samples" }).ClickAsync();
        await Eventually.GetAsync(() => live.TextAsync("[data-samples] tbody tr:first-child td:last-child"), text => text == "42.0", Patience, "the newest sample");
        Assert.Empty(live.Errors);
        Assert.Empty(live.ConsoleErrors);
    }

    private static string Line => $"{GroundTruth.Metric} service={GroundTruth.Service}";

    /// <summary>The built page, as the aggregator serves it: a browser without a cache loads it in a moment, and the hundreds of modules of the development server in ten seconds.</summary>
    private static Uri AddressOf(TestGraph graph, string address) => new(graph.GetEndpoint("http"), address);

    private static Task<string> RangeAsync(LivePage page) => page.Page.EvaluateAsync<string>(
        "() => { const p = new URLSearchParams(location.search); return [p.get('at'), p.get('window'), p.getAll('q').join(';')].join('|') }");

    /// <summary>Where in each chart the crosshair stands, as a share of the time it shows; 0 where there is none.</summary>
    private static Task<double[]> CrosshairsAsync(IPage page) => page.EvaluateAsync<double[]>(
        """
        () => [...document.querySelectorAll('canvas[data-cursor]')].map(canvas => {
          const row = canvas.getContext('2d').getImageData(0, canvas.height - 1, canvas.width, 1).data
          const column = Array.from({ length: canvas.width }, (_, x) => row[x * 4 + 3]).findIndex(alpha => alpha > 0)
          const data = document.querySelector(`canvas[data-chart="${canvas.dataset.cursor}"]`)
          return column < 0 ? 0 : (column - data.offsetLeft) / data.width
        })
        """);

    private static async Task<Position> MiddleAsync(ILocator of)
    {
        LocatorBoundingBoxResult box = await of.BoundingBoxAsync() ?? throw new InvalidOperationException("The chart is not on the page.");
        return new Position { X = box.Width / 2, Y = box.Height / 2 };
    }

    private static async Task<string> PressedAsync(ILocator buttons) =>
        string.Join(' ', await buttons.EvaluateAllAsync<string[]>("all => all.map(one => one.getAttribute('aria-pressed'))"));

    private static async Task<LocatorBoundingBoxResult> BoxAsync(IPage page) =>
        await page.Locator("canvas[data-chart=explore]").BoundingBoxAsync() ?? throw new InvalidOperationException("The chart is not on the page.");

    private static string Describe(AxeResult result) => string.Join('\n', result.Violations.Select(violation =>
        $"{violation.Impact} {violation.Id}: {violation.Help}\n  {string.Join("\n  ", violation.Nodes.Take(4).Select(node => node.Html))}"));
}
