using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.Playwright;

namespace Integration.Tests.Page;

/// <summary>
/// Every page with 0, 1, 50 and 1,000 services and with names of 200 characters, and what has to hold of each page beside its charts: the built
/// page, served by a real aggregator that a synthetic client feeds.
/// </summary>
[Trait("Needs", "Browser")]
public sealed class PageScaleTests(ScaleFixture fixture) : IClassFixture<ScaleFixture>
{
    private const int LinesMax = 200;
    private const int LongNames = 200;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan MeasureTime = TimeSpan.FromSeconds(3);
    private static readonly JsonSerializerOptions SnakeCase = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };

    [Fact]
    public async Task EveryPage_FromNoServiceToAThousand_SaysWhatThereIsAndFits()
    {
        Chromium chromium = await fixture.ChromiumAsync();
        await using AggregatorProcess aggregator = await AggregatorProcess.StartWithPageAsync();
        await using SyntheticServices services = SyntheticServices.Start(aggregator.Grpc);
        await using LivePage desk = await chromium.OpenAsync(aggregator.Web);
        await using LivePage phone = await chromium.OpenAsync(aggregator.Web, 390, 844, ColorScheme.Light);
        // Those of before stay known: in the end there are a thousand, fifty of them with long names.
        foreach (string[] names in new[] { [], SyntheticServices.Names(1), SyntheticServices.Names(50, LongNames), SyntheticServices.Names(950) })
        {
            services.Become(names);
            // All of them before it is looked at: names are added one after the other.
            int known = names.Length switch { 0 => 0, 1 => 1, 50 => 51, _ => 1000 };
            await Eventually.GetAsync(
                async () => (await aggregator.StatusAsync()).GetProperty("storage").GetProperty("sources").GetInt32(), sources => sources == known, Patience, $"{known} sources");
            await LookAsync(desk, aggregator.Web, names, known);
            // Each size on a phone takes half a minute more: PAGE_SCALE=full. The long names are what a narrow screen may fail at.
            if (known == 51 || Environment.GetEnvironmentVariable("PAGE_SCALE") == "full")
            {
                await LookAsync(phone, aggregator.Web, names, known);
            }
            await desk.ScreenshotAsync($"scale-{names.Length}");
        }
        // More series than an aggregator answers about at a time: the page asks in parts.
        IResponse answer = await desk.Page.RunAndWaitForResponseAsync(
            () => desk.Page.GotoAsync(new Uri(aggregator.Web, "/?page=explore&q=rps&window=10m").ToString()),
            response => response.Url.Contains("/api/samples", StringComparison.Ordinal),
            new PageRunAndWaitForResponseOptions { Timeout = (float)Patience.TotalMilliseconds });
        Assert.True(answer.Ok, $"{answer.Status} for {answer.Url}: {await answer.TextAsync()}");
        foreach (LivePage page in new[] { desk, phone })
        {
            Assert.Empty(page.Errors);
            Assert.True(page.ConsoleErrors.Count == 0, string.Join('\n', page.ConsoleErrors.Distinct()));
        }
    }

    [Fact]
    public async Task Hidden_Page_CostsAlmostNothingAndIsWholeWhenItIsShownAgain()
    {
        Chromium chromium = await fixture.ChromiumAsync();
        await using AggregatorProcess aggregator = await AggregatorProcess.StartWithPageAsync();
        await using SyntheticServices services = SyntheticServices.Start(aggregator.Grpc);
        services.Become(SyntheticServices.Names(200));
        await using LivePage page = await chromium.OpenAsync(new Uri(aggregator.Web, "/?window=5s"));
        await Eventually.GetAsync(() => page.Page.Locator("tr[data-service]").CountAsync(), rows => rows > 0, Patience, "services");
        await page.StreamsAsync();

        double shown = await BytesPerSecondAsync(aggregator);
        await SetHiddenAsync(page, hidden: true);
        await Eventually.GetAsync(
            async () => (await aggregator.StatusAsync()).GetProperty("streaming").GetProperty("connections")[0].GetProperty("rates_hz").GetArrayLength(),
            rates => rates == 0, Patience, "a connection without a subscription");
        double hidden = await BytesPerSecondAsync(aggregator);
        TestContext.Current.TestOutputHelper?.WriteLine(FormattableString.Invariant($"shown {shown:F0} B/s, hidden {hidden:F0} B/s"));
        Assert.True(hidden < 1000, FormattableString.Invariant($"A hidden page gets {hidden:F0} B/s."));
        Assert.True(hidden < shown / 20, FormattableString.Invariant($"A hidden page gets {hidden:F0} of {shown:F0} B/s."));

        services.FirstRps = 777;
        await SetHiddenAsync(page, hidden: false);
        await Eventually.GetAsync(
            async () => (Row: await page.TextAsync("tr[data-service='service-0000']"), Server: (await aggregator.StatusAsync()).GetProperty("streaming").GetRawText()),
            both => both.Row.Contains("777", StringComparison.Ordinal), Patience, "what was sent meanwhile");
        await page.StreamsAsync();
        Assert.Empty(page.Errors);
    }

    [Fact]
    public async Task Firing_OfATrigger_OpensWhatWasKeptOfIt()
    {
        Chromium chromium = await fixture.ChromiumAsync();
        await using AggregatorProcess aggregator = await AggregatorProcess.StartWithPageAsync();
        await using SyntheticServices services = SyntheticServices.Start(aggregator.Grpc);
        services.Become(SyntheticServices.Names(2));
        using HttpResponseMessage added = await aggregator.Http.PostAsJsonAsync(
            "/api/triggers", new { Name = "too many requests", Selector = "rps", Condition = ">", Threshold = 500.0, BeforeMs = 2000, AfterMs = 1000 }, SnakeCase,
            TestContext.Current.CancellationToken);
        Assert.True(added.IsSuccessStatusCode, await added.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        await using LivePage live = await chromium.OpenAsync(new Uri(aggregator.Web, "/?page=alerts"));
        IPage page = live.Page;
        await page.Locator("tr[data-rule]").First.WaitForAsync();
        // A history before it fires, so that something is kept of it.
        await Eventually.GetAsync(
            async () => (await aggregator.StatusAsync()).GetProperty("ingest").GetProperty("received").GetInt64(), received => received > 40, Patience, "some samples");
        services.FirstRps = 900;

        ILocator open = page.Locator("tr[data-firing] button").First;
        await open.WaitForAsync(new LocatorWaitForOptions { Timeout = (float)Patience.TotalMilliseconds });
        services.FirstRps = 11;
        await open.ClickAsync();

        string text = await Eventually.GetAsync(() => live.TextAsync("[data-capture]"), text => text.Contains("900", StringComparison.Ordinal), Patience, "the capture");
        Assert.Contains("too many requests", text, StringComparison.Ordinal);
        Assert.Contains("service-0000", text, StringComparison.Ordinal);
        await Eventually.GetAsync(() => live.PaintedColumnsAsync("capture-rps"), share => share > 0.3, Patience, "the captured line");
        await Eventually.GetAsync(
            () => page.Locator("[data-capture] canvas[data-chart]").CountAsync(), charts => charts >= 4, Patience, "charts of all metrics of the instance that fired");
        await Eventually.GetAsync(() => Task.FromResult(page.Url), url => url.Contains("capture=", StringComparison.Ordinal), Patience, "the capture in the address");
        await live.ScreenshotAsync("capture");
        await using LivePage second = await chromium.OpenAsync(new Uri(page.Url));
        Assert.Contains("900", await Eventually.GetAsync(
            () => second.TextAsync("[data-capture]"), shown => shown.Contains("900", StringComparison.Ordinal), Patience, "the capture in a second browser"), StringComparison.Ordinal);
        Assert.Empty(live.Errors);
    }

    [Fact]
    public async Task Address_OfEveryPage_ShowsTheSameInASecondBrowser()
    {
        Chromium chromium = await fixture.ChromiumAsync();
        await using AggregatorProcess aggregator = await AggregatorProcess.StartWithPageAsync();
        await using SyntheticServices services = SyntheticServices.Start(aggregator.Grpc);
        services.Become(SyntheticServices.Names(30));
        await Eventually.GetAsync(
            async () => (await aggregator.StatusAsync()).GetProperty("ingest").GetProperty("received").GetInt64(), received => received > 500, Patience, "some samples");
        long at = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds();
        foreach (string address in new[]
        {
            "/?sort=rps&filter=001&window=10s", "/?wall=rps&filter=00&window=1m",
            $"/?page=service&service=service-0004&instance=a-1&metric=inflight&window=10s&at={at}",
            $"/?page=explore&q=rps%7Bservice%3D~%22service-000.%22%7D&window=10s&at={at}&hide=explore%2F0%3Arps+service-0003%2Fa-1", "/?page=alerts", "/?page=system&theme=light",
        })
        {
            await using LivePage first = await chromium.OpenAsync(new Uri(aggregator.Web, address));
            await Eventually.GetAsync(() => PictureAsync(first), IsWhole, Patience, $"the page {address}");
            await using LivePage second = await chromium.OpenAsync(new Uri(first.Page.Url));
            await Eventually.GetAsync(
                async () => (First: await PictureAsync(first), Second: await PictureAsync(second)), both => IsWhole(both.First) && both.First == both.Second, Patience,
                $"the same in both browsers for {address}");
            Assert.Equal(Query(first.Page.Url), Query(second.Page.Url));
            foreach (string wanted in new Uri(aggregator.Web, address).Query.TrimStart('?').Split('&').Where(part => !part.StartsWith("hide", StringComparison.Ordinal)))
            {
                Assert.Contains(Uri.UnescapeDataString(wanted), Uri.UnescapeDataString(first.Page.Url), StringComparison.Ordinal);
            }
            Assert.Empty(first.Errors);
            Assert.Empty(second.Errors);
        }
    }

    [Fact]
    public async Task Service_WithAGrafana_LinksToTheSameServiceAndWindow()
    {
        Chromium chromium = await fixture.ChromiumAsync();
        await using AggregatorProcess with = await AggregatorProcess.StartWithPageAsync($"GRAFANA_URL={ScaleFixture.Grafana}");
        await using SyntheticServices services = SyntheticServices.Start(with.Grpc);
        services.Become(SyntheticServices.Names(2));
        long at = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds();
        await using LivePage page = await chromium.OpenAsync(new Uri(with.Web, $"/?page=service&service=service-0001&instance=a-1&window=10s&at={at}"));

        string href = await Eventually.GetAsync(
            async () => await page.Page.GetByText("Open in Grafana").CountAsync() == 0 ? "" : await page.Page.GetByText("Open in Grafana").GetAttributeAsync("href") ?? "",
            link => link.Length > 0, Patience, "the link");
        Dictionary<string, string> query = Query(href).Split('&').Select(part => part.Split('=')).ToDictionary(part => part[0], part => part[1]);
        Assert.StartsWith($"{ScaleFixture.Grafana}/d/observability-service/service?", href, StringComparison.Ordinal);
        Assert.Equal(("service-0001", "a-1"), (query["var-service"], query["var-instance"]));
        long to = long.Parse(query["to"], CultureInfo.InvariantCulture);
        Assert.InRange(to - long.Parse(query["from"], CultureInfo.InvariantCulture), 9_990, 10_010);
        Assert.InRange(to, at - 1500, at + 1500);

        await using AggregatorProcess without = await AggregatorProcess.StartWithPageAsync();
        await page.Page.GotoAsync(new Uri(without.Web, "/?page=service&service=service-0001").ToString());
        await page.StreamsAsync();
        Assert.Equal(0, await page.Page.GetByText("Open in Grafana").CountAsync());
    }

    private static async Task LookAsync(LivePage page, Uri web, string[] names, int known)
    {
        string none = "No agent has connected yet";
        string first = names.Length == 0 ? "" : names[0];
        await ShowAsync(page, web, "/", known == 0 ? none : known == 1 ? "1 service" : $"{known} services");
        if (known > 0)
        {
            await Eventually.GetAsync(() => page.Page.Locator("tr[data-service]").CountAsync(), rows => rows is >= 1 and <= 120, Patience, "the rows that are in view");
        }
        await ShowAsync(page, web, "/?wall=rps", known == 0 ? none : $"{known} series");
        await ShowAsync(page, web, first.Length == 0 ? "/?page=service" : $"/?page=service&service={first}", known == 0 ? none : "THROUGHPUT");
        if (known > 0)
        {
            await Eventually.GetAsync(() => page.ReadoutAsync("throughput"), value => value == 10, Patience, $"the throughput of {first}");
        }
        await ShowAsync(page, web, "/?page=explore&q=rps", known > LinesMax ? $"{known - LinesMax} more lines are not drawn" : known == 0 ? "" : first);
        await ShowAsync(page, web, "/?page=alerts", "Nothing has fired");
        await ShowAsync(page, web, "/?page=system", $"{known} sources");
    }

    private static async Task ShowAsync(LivePage page, Uri web, string address, string expected)
    {
        await page.Page.GotoAsync(new Uri(web, address).ToString());
        await Eventually.GetAsync(
            () => page.TextAsync("main"), text => text.Length > 0 && text.Contains(expected, StringComparison.OrdinalIgnoreCase), Patience, $"'{expected}' on {address}");
        int overflow = await page.Page.EvaluateAsync<int>("() => document.documentElement.scrollWidth - document.documentElement.clientWidth");
        Assert.True(overflow <= 0, $"{address}: the page is {overflow} px wider than the screen.");
    }

    private static async Task<double> BytesPerSecondAsync(AggregatorProcess aggregator)
    {
        long before = await SentAsync(aggregator);
        long start = Environment.TickCount64;
        await Task.Delay(MeasureTime, TestContext.Current.CancellationToken);
        return (await SentAsync(aggregator) - before) * 1000.0 / (Environment.TickCount64 - start);
    }

    private static async Task<long> SentAsync(AggregatorProcess aggregator) =>
        (await aggregator.StatusAsync()).GetProperty("streaming").GetProperty("bytes_sent").GetInt64();

    /// <summary>A headless browser shows every tab: the page is told that it is hidden, by the property and the event that it listens to.</summary>
    private static async Task SetHiddenAsync(LivePage page, bool hidden) => await page.Page.EvaluateAsync(
        """
        hidden => {
          Object.defineProperty(document, 'hidden', { configurable: true, get: () => hidden })
          document.dispatchEvent(new Event('visibilitychange'))
        }
        """,
        hidden);

    /// <summary>What is chosen and listed on the page.</summary>
    private static Task<string> PictureAsync(LivePage page) => page.Page.EvaluateAsync<string>(
        """
        () => [
          ...[...document.querySelectorAll('select, input')].map(one => one.value),
          ...[...document.querySelectorAll('h1, h2')].map(one => one.innerText),
          ...['service', 'line', 'instance', 'rule', 'aggregator'].flatMap(kind => [...document.querySelectorAll(`[data-${kind}]`)].map(one => one.dataset[kind])),
          `theme ${document.documentElement.dataset.theme ?? ''}`, `state ${document.querySelector('[data-badge]')?.dataset.state}`,
        ].join('\n').replace(/pid \d+.*|up \S+/g, '')
        """);

    private static bool IsWhole(string picture) =>
        picture.EndsWith("state live", StringComparison.Ordinal) || picture.EndsWith("state paused", StringComparison.Ordinal);

    private static string Query(string url) => Uri.UnescapeDataString(new Uri(url).Query.TrimStart('?'));
}
