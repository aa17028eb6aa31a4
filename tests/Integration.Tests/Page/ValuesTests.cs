using System.Globalization;
using System.Text.Json;

namespace Integration.Tests.Page;

/// <summary>
/// What the page shows against raw data that the test recorded and sorted itself: at several zooms, live and back in history, from the stream, from
/// compressed samples and from what is kept of seconds and minutes. Minimum and maximum are exact, merged quantiles within a bucket.
/// </summary>
[Trait("Needs", "Browser")]
public sealed class ValuesTests(ScaleFixture fixture) : IClassFixture<ScaleFixture>
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan Past = TimeSpan.FromMinutes(25);

    /// <summary>Looks for the spike's column among those near it: [first row painted, expected row, columns looked at].</summary>
    private const string SpikeRowScript =
        """
        ([timeMs, value, aroundMs]) => {
          const { msPerPixel, range, points } = globalThis.__observability.charts.explore
          const canvas = document.querySelector('canvas[data-chart="explore"]')
          const x = points[0].x + (timeMs - points[0].timeMs) / msPerPixel
          const around = 3 + aroundMs / msPerPixel
          const from = Math.max(0, Math.floor(x - around)), width = Math.min(canvas.width, Math.ceil(x + around)) - from
          const { data } = canvas.getContext('2d').getImageData(from, 0, width, canvas.height)
          let first = canvas.height
          for (let column = 0; column < width; column++) {
            const painted = row => data[(row * width + column) * 4 + 3] > 60
            // A time line of the grid fills its column down to the axis.
            if (painted(0) && painted(canvas.height - 3)) continue
            for (let row = 0; row < first; row++) if (painted(row)) first = row
          }
          const ratio = devicePixelRatio
          return [first, canvas.height - ratio - (value - range.min) * (canvas.height - 3 * ratio) / (range.max - range.min), width]
        }
        """;

    /// <summary>The longest stretch of time without a cell in the heat map, in milliseconds.</summary>
    private const string LongestGapScript =
        """
        () => {
          const canvas = document.querySelector('canvas[data-chart="distribution"]')
          const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height)
          let longest = 0, run = 0
          for (let x = 0; x < canvas.width; x++) {
            let cells = 0
            for (let y = 0; y < canvas.height; y++) cells += data[(y * canvas.width + x) * 4 + 3] > 0
            // A time line of the grid alone is no cell: it fills its column.
            run = cells > 0 && cells < canvas.height ? 0 : run + 1
            longest = Math.max(longest, run)
          }
          return longest * globalThis.__observability.charts.distribution.msPerPixel
        }
        """;

    /// <summary>Name, what the aggregator keeps, and for each look: window, how long ago it ends, how long a row of it stands for (0: the stream's own).</summary>
    public static TheoryData<string, string[], (string Window, int AgoSeconds, int RowMs)[]> Histories => new()
    {
        { "samples", [], [("10s", 240, 10), ("2m", 900, 100), ("10m", 770, 500), ("30s", 0, 0)] },
        { "seconds", ["Storage:HistorySecondsMax=1"], [("30s", 840, 1000), ("10m", 720, 1000)] },
        { "minutes", ["Storage:HistorySecondsMax=1", "Storage:SecondRollupsSecondsMax=1"], [("10m", 720, 60_000)] },
    };

    [Theory]
    [MemberData(nameof(Histories))]
    public async Task Page_AtAnyZoom_ShowsExactExtremesAndQuantilesWithinHalfABucket(
        string name, string[] settings, (string Window, int AgoSeconds, int RowMs)[] looks)
    {
        Chromium chromium = await fixture.ChromiumAsync();
        await using AggregatorProcess aggregator = await AggregatorProcess.StartWithPageAsync(["Storage:SealIntervalMs=10", .. settings]);
        long nowNs = KnownHistory.NowNs();
        Look[] all = [.. looks.Select((look, index) => new Look(look.Window, nowNs - (look.AgoSeconds * 1_000_000_000L), look.RowMs, 1000 + (100 * index)))];
        await using KnownHistory known = await KnownHistory.StartAsync(aggregator.Grpc, Past, all.SelectMany(look => look.Spikes), () => SealedSamplesAsync(aggregator));
        await UntilKeptAsync(aggregator, all[0]);
        foreach (Look look in all)
        {
            string where = FormattableString.Invariant($"{name}, window {look.Window}, rows of {look.RowMs} ms");
            await using LivePage page = await chromium.OpenAsync(new Uri(aggregator.Web, $"/?page=service&service={KnownHistory.Service}&window={look.Window}{look.At}"));
            if (look.RowMs == 0)
            {
                await Eventually.GetAsync(page.StateAsync, state => state == "live", Patience, $"{where}: the badge 'live'");
                await page.Page.Locator("h1").ClickAsync();
                await page.Page.Keyboard.PressAsync("Space");
            }
            await QuantilesAsync(page, known, look, where);
            await Eventually.GetAsync(
                () => page.Page.EvaluateAsync<double>(LongestGapScript), gapMs => gapMs <= (1.5 * Math.Max(look.RowMs, 200)) + (look.WindowNs / 1e8), Patience, $"{where}: a heat map without a gap");
            await page.ScreenshotAsync($"values-{name}-{look.Window}");
            if (look.RowMs > 0)
            {
                await ExtremesAsync(page, aggregator, known, look, where);
            }
            Assert.Empty(page.Errors);
            Assert.Empty(page.ConsoleErrors);
        }
    }

    /// <summary>The readouts stand for the newest row of the frozen picture, whose time the painter tells.</summary>
    private static async Task QuantilesAsync(LivePage page, KnownHistory known, Look look, string where)
    {
        (string Text, double Quantile)[] quantiles = [("p50", 0.5), ("p95", 0.95), ("p99", 0.99)];
        await Eventually.GetAsync(
            async () =>
            {
                double[] read = await page.Page.EvaluateAsync<double[]>(
                    "() => { const p = globalThis.__observability?.charts.latency?.points ?? []; return p.length < 3 ? [] : [p[0].timeMs, ...p.map(one => one.value)] }");
                if (read.Length < 4 || double.IsNaN(read[0]))
                {
                    return (Good: false, Text: "nothing is painted");
                }
                long timeNs = (long)Math.Round(read[0] * 1e6);
                // A picture ends with its last pixel, figures are read at the very edge: at the same row or the one before.
                double[] atRow = known.Latencies(look.CoveredFromNs(timeNs), look.CoveredToNs(timeNs));
                long beforeNs = timeNs - (Math.Max(look.RowMs, 200) * 1_000_000L);
                double[] atRowBefore = known.Latencies(look.CoveredFromNs(beforeNs), look.CoveredToNs(beforeNs));
                bool good = true;
                string text = FormattableString.Invariant($"at {read[0]} ({atRow.Length} measurements):");
                for (int index = 0; index < quantiles.Length; index++)
                {
                    double exact = Exact(atRow, quantiles[index].Quantile);
                    double shown = await page.ReadoutAsync($"latency-{quantiles[index].Text}");
                    text += FormattableString.Invariant($" {quantiles[index].Text} painted {read[index + 1]}, written {shown}, exactly {exact};");
                    good &= IsWithin(read[index + 1], exact) && (IsWithin(shown, exact) || IsWithin(shown, Exact(atRowBefore, quantiles[index].Quantile)));
                }
                return (Good: good, Text: text);
            },
            read => read.Good, Patience, $"{where}: quantiles within {KnownHistory.ErrorRatio:P2}");
    }

    private static double Exact(double[] sorted, double quantile) => sorted.Length == 0 ? double.NaN : sorted[(int)Math.Ceiling(quantile * sorted.Length) - 1];

    private static bool IsWithin(double shown, double exact) => Math.Abs((shown / exact) - 1) <= KnownHistory.ErrorRatio + 1e-9;

    private static async Task ExtremesAsync(LivePage page, AggregatorProcess aggregator, KnownHistory known, Look look, string where)
    {
        await page.Page.GotoAsync(new Uri(aggregator.Web, $"/?page=explore&q={KnownHistory.Gauge}&window={look.Window}{look.At}").ToString());
        // A row at an edge of the picture may stand partly for what is outside.
        long toleranceNs = Math.Max(look.RowNs, look.WindowNs / 200) * 2;
        for (int instance = 0; instance < KnownHistory.Instances; instance++)
        {
            string label = $"{KnownHistory.Gauge} {KnownHistory.Service}/{KnownHistory.Instance(instance)}";
            (double innerMin, double innerMax) = known.Extremes(instance, look.EndNs - look.WindowNs + toleranceNs, look.EndNs - toleranceNs);
            (double outerMin, double outerMax) = known.Extremes(instance, look.EndNs - look.WindowNs - toleranceNs, look.EndNs + toleranceNs);
            await Eventually.GetAsync(
                () => page.ReadoutAsync($"explore-max-{label}"), max => max >= innerMax && max <= outerMax, Patience,
                FormattableString.Invariant($"{where}: the maximum {innerMax} to {outerMax} of {label}"));
            await Eventually.GetAsync(
                () => page.ReadoutAsync($"explore-min-{label}"), min => min <= innerMin && min >= outerMin, Patience,
                FormattableString.Invariant($"{where}: the minimum {outerMin} to {innerMin} of {label}"));
            Assert.True(instance > 0 || (innerMax == outerMax && innerMin == outerMin && innerMax >= 1000 && innerMin <= -1000), $"{where}: the spikes must be in the window.");
        }
        (long spikeNs, double spike) = look.Spikes.First();
        await Eventually.GetAsync(
            async () =>
            {
                double[] rows = await page.Page.EvaluateAsync<double[]>(SpikeRowScript, new[] { spikeNs / 1e6, spike, look.RowMs + 200 });
                return (Painted: rows[0], Expected: rows[1], Columns: rows[2]);
            },
            rows => Math.Abs(rows.Painted - rows.Expected) <= 3, Patience, $"{where}: the spike of one sample in the picture");
    }

    /// <summary>The compressing thread lets go of samples, and of seconds, some time after they came.</summary>
    private static async Task UntilKeptAsync(AggregatorProcess aggregator, Look look)
    {
        int rowMs = Math.Max(look.RowMs, 200);
        string range = FormattableString.Invariant($"from={look.EndNs - 600_000_000_000}&to={look.EndNs}");
        await Eventually.GetAsync(
            async () =>
            {
                string text = await aggregator.Http.GetStringAsync(
                    $"/api/samples?selector=latency%7Binstance%3D%22{KnownHistory.Instance(0)}%22%7D&{range}", TestContext.Current.CancellationToken);
                using JsonDocument answer = JsonDocument.Parse(text);
                return answer.RootElement.GetProperty("series") is { } series && series.GetArrayLength() == 1 ? series[0].GetProperty("timestamps_ns").GetArrayLength() : 0;
            },
            rows => rows > 0 && rows <= (600_000 / rowMs) + 2 && rows >= (600_000 / rowMs) - 2, Patience,
            string.Create(CultureInfo.InvariantCulture, $"rows of {rowMs} ms"));
    }

    private static async Task<long> SealedSamplesAsync(AggregatorProcess aggregator)
    {
        string text = await aggregator.Http.GetStringAsync(new Uri(aggregator.Metrics, "/metrics"), TestContext.Current.CancellationToken);
        string line = text.Split('\n').First(line => line.StartsWith("telemetry_history_sealed_samples_total ", StringComparison.Ordinal));
        return long.Parse(line[(line.LastIndexOf(' ') + 1)..], CultureInfo.InvariantCulture);
    }

    private sealed record Look(string Window, long EndNs, int RowMs, double Spike)
    {
        public long RowNs => RowMs * 1_000_000L;

        /// <summary>A row of the stream stands for the second that ends with it, one of the history for its own time, or the second that ends with that.</summary>
        public long CoveredFromNs(long timeNs) => RowMs == 0 ? timeNs - 1_000_000_000 + 1000 : CoveredToNs(timeNs) - Math.Max(1_000_000_000, RowNs);

        public long CoveredToNs(long timeNs) => RowMs == 0 ? timeNs + 1000 : timeNs + (RowNs / 2);

        public long WindowNs => int.Parse(Window[..^1], CultureInfo.InvariantCulture) * (Window[^1] == 'm' ? 60 : 1) * 1_000_000_000L;

        public string At => RowMs == 0 ? "" : FormattableString.Invariant($"&at={EndNs / 1_000_000}");

        /// <summary>One sample far up and one far down, well within the window.</summary>
        public (long TimeNs, double Value)[] Spikes => [(EndNs - (WindowNs / 3), Spike), (EndNs - (WindowNs / 2), -Spike)];
    }
}
