using System.Collections.Concurrent;
using System.Globalization;
using Microsoft.Playwright;

namespace Integration.Tests.Page;

/// <summary>What a person would read off the open page: the badge, the figures, and the pixels of a chart.</summary>
internal sealed class LivePage : IAsyncDisposable
{
    /// <summary>Looks for the coloured pixels of the newest point in the canvas itself: [row, rows, paints]; the row is -1 where nothing is painted.</summary>
    private const string NewestRowScript =
        """
        name => {
          const chart = globalThis.__observability.charts[name]
          const point = chart?.points[0]
          if (!point || Number.isNaN(point.x)) return [-1, 0, chart?.paints ?? 0, 0, 0]
          const canvas = document.querySelector(`canvas[data-chart="${name}"]`)
          const x = Math.max(0, Math.min(canvas.width - 1, Math.floor(point.x) - 2))
          const pixels = canvas.getContext('2d').getImageData(x, 0, 1, canvas.height).data
          let weight = 0, sum = 0
          for (let row = 0; row < canvas.height; row++) {
            const alpha = pixels[row * 4 + 3]
            if (alpha > 100) { weight += alpha; sum += alpha * (row + 0.5) }
          }
          return [weight === 0 ? -1 : sum / weight, canvas.height, chart.paints, chart.range.min, chart.range.max]
        }
        """;

    private readonly ConcurrentQueue<string> _errors = new();
    private readonly ConcurrentQueue<string> _consoleErrors = new();

    public LivePage(IPage page)
    {
        Page = page;
        page.PageError += (_, error) => _errors.Enqueue(error);
        page.Console += (_, message) =>
        {
            if (message.Type == "error")
            {
                _consoleErrors.Enqueue($"{message.Text} {message.Location}");
            }
        };
    }

    public IPage Page { get; }

    /// <summary>Exceptions that no code of the page caught.</summary>
    public IReadOnlyCollection<string> Errors => _errors;

    /// <summary>What the page or the browser wrote to the console as an error: refused connections are among them.</summary>
    public IReadOnlyCollection<string> ConsoleErrors => _consoleErrors;

    /// <summary>The visible text of what a selector finds first.</summary>
    public async Task<string> TextAsync(string selector)
    {
        ILocator found = Page.Locator(selector);
        return await found.CountAsync() == 0 ? "" : await found.First.InnerTextAsync();
    }

    public async Task<string> StateAsync() => await Page.Locator("[data-badge]").First.GetAttributeAsync("data-state") ?? "";

    /// <summary>Until frames come in. At which rate is the machine's business: a busy one is "catching up" at a slower class.</summary>
    public Task StreamsAsync() =>
        Eventually.GetAsync(StateAsync, state => state is "live" or "catching up", TimeSpan.FromSeconds(60), "the badge 'live' or 'catching up'");

    /// <summary>From record to paint over the last seconds, as the badge says: p50, p95 and p99 in milliseconds.</summary>
    public async Task<double[]> LatenciesAsync() => await Page.EvaluateAsync<double[]>(
        "() => ['p50', 'p95', 'p99'].map(name => Number(document.querySelector('[data-badge]').getAttribute(`data-latency-${name}`) || -1))");

    public async Task<double> ReadoutAsync(string name)
    {
        ILocator readout = Page.Locator($"[data-readout=\"{name}\"]");
        string? text = await readout.CountAsync() == 0 ? null : await readout.First.GetAttributeAsync("data-value");
        return string.IsNullOrEmpty(text) ? double.NaN : double.Parse(text, CultureInfo.InvariantCulture);
    }

    public Task<long> PaintedFramesAsync() => Page.EvaluateAsync<long>("() => globalThis.__observability?.paintedFrames ?? 0");

    /// <summary>The value that the painted pixels of a chart's newest point stand for, read off the axis; NaN where nothing is painted.</summary>
    public async Task<(double Value, double ValuePerPixel)> PaintedValueAsync(string chart)
    {
        double[] read = await Page.EvaluateAsync<double[]>(NewestRowScript, chart);
        double perPixel = read[1] == 0 ? double.NaN : (read[4] - read[3]) / read[1];
        return (read[0] < 0 ? double.NaN : read[4] - (read[0] * perPixel), perPixel);
    }

    /// <summary>Frames painted, and animation frames the browser offered, in the same span of time.</summary>
    public async Task<(long Painted, long Offered)> CountFramesAsync(TimeSpan span)
    {
        long[] counts = await Page.EvaluateAsync<long[]>(
            """
            async ms => {
              const probe = globalThis.__observability
              const before = probe.paintedFrames
              let offered = 0, running = true
              const count = () => { offered++; if (running) requestAnimationFrame(count) }
              requestAnimationFrame(count)
              await new Promise(resolve => setTimeout(resolve, ms))
              running = false
              return [probe.paintedFrames - before, offered]
            }
            """,
            span.TotalMilliseconds);
        return (counts[0], counts[1]);
    }

    /// <summary>A checksum of the pixels of a chart.</summary>
    public Task<string> PictureAsync(string chart) => Page.EvaluateAsync<string>(
        "name => document.querySelector(`canvas[data-chart=\"${name}\"]`).toDataURL()", chart);

    /// <summary>Share of pixel columns of a chart, from left to right, in which something is painted.</summary>
    public Task<double> PaintedColumnsAsync(string chart) => Page.EvaluateAsync<double>(
        """
        name => {
          const canvas = document.querySelector(`canvas[data-chart="${name}"]`)
          const pixels = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data
          let columns = 0
          for (let x = 0; x < canvas.width; x++) {
            for (let y = 0; y < canvas.height; y++) {
              if (pixels[(y * canvas.width + x) * 4 + 3] > 100) { columns++; break }
            }
          }
          return columns / canvas.width
        }
        """,
        chart);

    public async Task ScreenshotAsync(string name)
    {
        string folder = Directory.CreateDirectory(Path.Combine(AppContext.BaseDirectory, "screenshots")).FullName;
        await Page.ScreenshotAsync(new PageScreenshotOptions { Path = Path.Combine(folder, name + ".png") });
    }

    public async ValueTask DisposeAsync() => await Page.Context.CloseAsync();
}
