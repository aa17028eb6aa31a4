using Microsoft.Playwright;

namespace Integration.Tests.Page;

/// <summary>
/// Makes the pictures of the README from the running graph, on demand:
/// <c>dotnet test --project tests/Integration.Tests --filter-class "*ReadmePictures" --explicit only</c>.
/// </summary>
public sealed class ReadmePictures(PageFixture fixture) : GraphTest, IClassFixture<PageFixture>
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(120);

    /// <summary>Name, address, and the chart that must be full before the picture is taken; none: a time to wait instead.</summary>
    private static readonly (string Name, string Address, string? Chart)[] Pictures =
    [
        ("service", "/?page=service&service=checkout", "throughput"),
        ("explore", "/?page=explore&q=%5Bsplit%3D%2Cof%3Dpercentiles%5Dlatency%7Bservice%3D%22checkout%22%7D&q=%5Bsplit%3Dservice%2Caxis%3Dright%5Drps", "explore"),
        ("overview", "/", null),
    ];

    [Fact(Explicit = true)]
    public async Task TakeAll()
    {
        Chromium chromium = await fixture.ChromiumAsync();
        TestGraph graph = await fixture.GraphAsync();
        string folder = Path.Combine(RepositoryRoot(), "docs", "images");
        foreach ((string name, string address, string? chart) in Pictures)
        {
            foreach (ColorScheme scheme in new[] { ColorScheme.Dark, ColorScheme.Light })
            {
                await using LivePage page = await chromium.OpenAsync(new Uri(graph.GetEndpoint("http", "dashboard"), address), scheme: scheme);
                await Eventually.GetAsync(page.StateAsync, state => state == "live", Patience, "the badge 'live'");
                if (chart is not null)
                {
                    await Eventually.GetAsync(() => page.PaintedColumnsAsync(chart), share => share > 0.97, Patience, "a full window");
                }
                // A second of frames: the badge then shows what it shows all day.
                await page.CountFramesAsync(TimeSpan.FromSeconds(chart is null ? 5 : 2));
                await Eventually.GetAsync(page.StateAsync, state => state == "live", Patience, "a machine that keeps up");
                await page.Page.ScreenshotAsync(new PageScreenshotOptions { Path = Path.Combine(folder, $"{name}-{scheme.ToString().ToLowerInvariant()}.png") });
                Assert.Empty(page.Errors);
            }
        }
    }

    private static string RepositoryRoot()
    {
        DirectoryInfo? folder = new(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "Observability.sln")))
        {
            folder = folder.Parent;
        }
        return folder?.FullName ?? throw new InvalidOperationException("Cannot find Observability.sln above the tests: run them from a clone.");
    }
}
