using Microsoft.Playwright;

namespace Integration.Tests.Page;

/// <summary>One headless Chromium for the tests of a class; each test opens a page with nothing remembered.</summary>
internal sealed class Chromium : IAsyncDisposable
{
    private static readonly string[] Programs = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

    private static readonly string[] Switches =
    [
        "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync",
    ];

    private readonly IPlaywright _playwright;
    private readonly IBrowser _browser;

    private Chromium(IPlaywright playwright, IBrowser browser)
    {
        _playwright = playwright;
        _browser = browser;
    }

    public static string? Path { get; } = Environment.GetEnvironmentVariable("CHROMIUM_PATH") ?? Programs.FirstOrDefault(File.Exists);

    public static async Task<Chromium> StartAsync()
    {
        Assert.SkipWhen(Path is null, "Chromium is not on this machine; eng/test.sh installs it on Debian, CHROMIUM_PATH names another.");
        IPlaywright playwright = await Playwright.CreateAsync();
        IBrowser browser = await playwright.Chromium.LaunchAsync(new BrowserTypeLaunchOptions { ExecutablePath = Path, Headless = true, Args = Switches });
        return new Chromium(playwright, browser);
    }

    /// <summary>Opens an address. What the page writes to its console as an error is kept in the list.</summary>
    public async Task<LivePage> OpenAsync(Uri address, int width = 1440, int height = 900, ColorScheme scheme = ColorScheme.Dark)
    {
        IBrowserContext context = await _browser.NewContextAsync(new BrowserNewContextOptions
        {
            ViewportSize = new ViewportSize { Width = width, Height = height },
            ColorScheme = scheme,
            ReducedMotion = ReducedMotion.Reduce,
        });
        IPage page = await context.NewPageAsync();
        var live = new LivePage(page);
        await page.GotoAsync(address.ToString());
        return live;
    }

    public async ValueTask DisposeAsync()
    {
        await _browser.DisposeAsync();
        _playwright.Dispose();
    }
}
