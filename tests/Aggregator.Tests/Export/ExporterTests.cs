using Observability.Aggregator.Diagnostics;
using Observability.Aggregator.Export;
using Observability.Aggregator.Storage;
using Observability.Aggregator.Tests.Diagnostics;
using Observability.Aggregator.Tests.Streaming;
using Prometheus;

namespace Observability.Aggregator.Tests.Export;

public sealed class ExporterTests
{
    private const string Labels = "service=\"checkout\",instance=\"a-1\"";

    private static long NowNs => TimeProvider.System.UnixNs();

    [Theory]
    [InlineData("", "text/plain; version=0.0.4; charset=utf-8")]
    [InlineData("*/*", "text/plain; version=0.0.4; charset=utf-8")]
    [InlineData("text/html,application/xhtml+xml;q=0.9,*/*;q=0.8", "text/plain; version=0.0.4; charset=utf-8")]
    [InlineData("application/json", "text/plain; version=0.0.4; charset=utf-8")]
    [InlineData("application/openmetrics-text", "application/openmetrics-text; version=1.0.0; charset=utf-8")]
    [InlineData("application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
        "application/openmetrics-text; version=1.0.0; charset=utf-8")]
    [InlineData("application/openmetrics-text;version=2.0.0,text/plain;q=0.5", "text/plain; version=0.0.4; charset=utf-8")]
    [InlineData("application/openmetrics-text;version=1.0.0;q=0.3,text/plain;version=0.0.4;q=0.5", "text/plain; version=0.0.4; charset=utf-8")]
    [InlineData("application/openmetrics-text;q=0,*/*", "text/plain; version=0.0.4; charset=utf-8")]
    public async Task Get_ByAccept_AnswersInTheFormatAskedFor(string accept, string contentType)
    {
        await using RunningAggregator aggregator = await RunningAggregator.StartAsync();
        using var request = new HttpRequestMessage(HttpMethod.Get, "/metrics");
        if (accept.Length > 0)
        {
            request.Headers.TryAddWithoutValidation("Accept", accept);
        }
        using HttpResponseMessage response = await aggregator.Metrics.SendAsync(request, TestContext.Current.CancellationToken);
        Assert.Equal(contentType, response.Content.Headers.ContentType!.ToString());
        Assert.Equal(["Accept", "Accept-Encoding"], response.Headers.Vary);
        string text = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.Equal(contentType.Contains("openmetrics", StringComparison.Ordinal), text.EndsWith("\n# EOF\n", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("gzip;q=0", false)]
    [InlineData("deflate, br", false)]
    [InlineData("br, gzip;q=0.1", true)]
    public async Task Get_ByAcceptEncoding_CompressesOnlyWhereAsked(string accept, bool isCompressed)
    {
        await using RunningAggregator aggregator = await RunningAggregator.StartAsync();
        using var request = new HttpRequestMessage(HttpMethod.Get, "/metrics");
        request.Headers.TryAddWithoutValidation("Accept-Encoding", accept);
        using HttpResponseMessage response = await aggregator.Metrics.SendAsync(request, TestContext.Current.CancellationToken);
        Assert.Equal(isCompressed ? ["gzip"] : [], response.Content.Headers.ContentEncoding);
    }

    [Fact]
    public void Write_ACounterWhoseLastSampleCameLate_DoesNotGoBack()
    {
        (TelemetryStore store, TestSource source) = Stored();
        long nowNs = NowNs;
        Series jobs = source.Add("jobs_total", SeriesKind.Counter);
        foreach (int ms in (int[])[0, 20, 60, 80, 40, 30])
        {
            source.Append(jobs, nowNs - ((100 - ms) * TestSource.NsPerMs), 1000UL + (ulong)ms);
        }
        using var exporter = new Exporter(store, new ExportOptions(), TimeProvider.System, new PlatformMetrics(), []);
        Assert.Contains($"jobs_total{{{Labels}}} 1080\n", ScrapedText.TextOf(exporter, ExpositionFormat.OpenMetricsText), StringComparison.Ordinal);
    }

    [Fact]
    public void Write_OpenMetrics_NamesTypesUnitsAndBeginnings()
    {
        (TelemetryStore store, TestSource source) = Stored();
        long nowNs = NowNs;
        source.Append(source.Add("jobs_total", SeriesKind.Counter), nowNs, 4UL);
        source.Append(source.Add("jobs", SeriesKind.Counter), nowNs, 5UL);
        source.Append(source.Add("wait_seconds", SeriesKind.Histogram), nowNs, new HistogramSample
        {
            Count = 3, Sum = 5, Min = 1, Max = 2, Scale = 0, PositiveOffset = -1, PositiveCounts = [1, 2],
        });
        using var exporter = new Exporter(store, new ExportOptions(), TimeProvider.System, new PlatformMetrics(), [new OneCounter()]);
        string[] lines = ScrapedText.TextOf(exporter, ExpositionFormat.OpenMetricsText).Split('\n');
        Assert.Contains("# TYPE own_events counter", lines);
        Assert.Contains("own_events_total 7.0", lines.Select(line => line == "own_events_total 7" ? "own_events_total 7.0" : line));
        Assert.Contains(lines, line => line.StartsWith("own_events_created ", StringComparison.Ordinal));
        // A counter whose name does not end in _total keeps its name and loses its type; so does the one it would clash with.
        Assert.Contains("# TYPE jobs unknown", lines);
        Assert.Contains($"jobs{{{Labels}}} 5", lines);
        Assert.Contains("# TYPE jobs_total unknown", lines);
        Assert.Contains($"jobs_total{{{Labels}}} 4", lines);
        Assert.Contains("# TYPE wait_seconds histogram", lines);
        Assert.Contains("# UNIT wait_seconds seconds", lines);
        Assert.Contains($"wait_seconds_bucket{{{Labels},le=\"1.0\"}} 1", lines);
        Assert.Contains($"wait_seconds_bucket{{{Labels},le=\"2.0\"}} 3", lines);
        Assert.Contains($"wait_seconds_bucket{{{Labels},le=\"+Inf\"}} 3", lines);
        string created = Assert.Single(lines, line => line.StartsWith("wait_seconds_created", StringComparison.Ordinal));
        Assert.Equal(nowNs / 1e9, double.Parse(created.Split(' ')[1], System.Globalization.CultureInfo.InvariantCulture), 3);
        Assert.Equal(["# EOF", ""], lines[^2..]);
    }

    [Fact]
    public async Task Write_EveryKindInOpenMetrics_PassesTheStrictParser()
    {
        (TelemetryStore store, TestSource source) = Stored();
        source.Append(source.Add("depth"), NowNs, double.NaN);
        source.Append(source.Add("level"), NowNs, double.NegativeInfinity);
        source.Append(source.Add("tiny"), NowNs, double.Epsilon);
        source.Append(source.Add("jobs_total", SeriesKind.Counter), NowNs, ulong.MaxValue);
        Series falling = source.Add("profit", SeriesKind.Histogram);
        source.Append(falling, NowNs, new HistogramSample { Count = 6, Sum = -20, Min = -30, Max = 2, ExplicitBounds = [-10, 0, 10], ExplicitCounts = [1, 2, 3, 0] });
        Series wide = source.Add("wide", SeriesKind.Histogram);
        source.Append(wide, NowNs, new HistogramSample { Count = 3, Sum = 1, Min = 0, Max = 1, Scale = -10, PositiveOffset = -1, PositiveCounts = [1, 2] });
        Series latency = source.Add("latency", SeriesKind.Histogram);
        source.Append(latency, NowNs, new HistogramSample { Count = 2, Sum = double.NaN, Min = 3, Max = 3, Scale = 2, PositiveOffset = 6, PositiveCounts = [2] });
        using var exporter = new Exporter(store, new ExportOptions(), TimeProvider.System, new PlatformMetrics(), []);
        await OutsideParsers.OpenMetricsAsync(ScrapedText.TextOf(exporter, ExpositionFormat.OpenMetricsText));
        ScrapedText.Of(exporter);
    }

    [Fact]
    public void Write_ACounterThatBeganAgain_ShowsTheNewTotal()
    {
        (TelemetryStore store, TestSource source) = Stored();
        Series jobs = source.Add("jobs_total", SeriesKind.Counter);
        using var exporter = new Exporter(store, new ExportOptions(), TimeProvider.System, new PlatformMetrics(), []);
        source.Append(jobs, NowNs, 100UL);
        Assert.Equal(100, ScrapedText.Of(exporter)[$"jobs_total{{{Labels}}}"]);
        source.Append(jobs, NowNs, 3UL);
        Assert.Equal(3, ScrapedText.Of(exporter)[$"jobs_total{{{Labels}}}"]);
    }

    [Fact]
    public void Write_ASourceSilentForLong_LeavesItOut()
    {
        var store = new TelemetryStore(new StorageOptions(), sessionId: 7);
        var gone = new TestSource(store, "gone", "a-1");
        gone.Append(gone.Add("depth"), NowNs - 901_000_000_000, 1.0);
        var here = new TestSource(store, "here", "a-1");
        here.Append(here.Add("depth"), NowNs - 600_000_000_000, 1.0);
        using var exporter = new Exporter(store, new ExportOptions(), TimeProvider.System, new PlatformMetrics(), []);
        ScrapedText text = ScrapedText.Of(exporter);
        Assert.True(text.Has("telemetry_samples_total{service=\"here\",instance=\"a-1\"}"));
        Assert.False(text.Has("telemetry_samples_total{service=\"gone\",instance=\"a-1\"}"));
        Assert.DoesNotContain("depth", text.Types.Keys);
    }

    [Fact]
    public void Write_PastTheLimitOfBytes_EndsAtASeriesAndCounts()
    {
        (TelemetryStore store, TestSource source) = Stored();
        Series[] many = source.AddMany(5000);
        source.AppendRow(NowNs, many[0], Enumerable.Range(0, many.Length).Select(value => (double)value).ToArray());
        using var exporter = new Exporter(store, new ExportOptions { BytesMax = 700_000 }, TimeProvider.System, new PlatformMetrics(), []);
        ScrapedText first = ScrapedText.Of(exporter);
        int exposed = first.Samples.Count(sample => sample.StartsWith("gauge_", StringComparison.Ordinal));
        Assert.InRange(exposed, 1, 4999);
        Assert.Equal(5000 - exposed, ScrapedText.Of(exporter)["telemetry_export_left_out_series{reason=\"bytes\"}"], 50.0);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Write_ManySeries_AllocatesNothingForEach(bool isOpenMetrics)
    {
        ExpositionFormat format = isOpenMetrics ? ExpositionFormat.OpenMetricsText : ExpositionFormat.PrometheusText;
        (TelemetryStore few, _) = Filled(sources: 1, each: 10);
        (TelemetryStore many, _) = Filled(sources: 20, each: 100);
        long ofFew = await AllocatedByScrapeAsync(few, format);
        long ofMany = await AllocatedByScrapeAsync(many, format);
        // The families of the process itself are made anew at each scrape; 2,000 series add nothing to them.
        Assert.InRange(ofMany, 0, ofFew + 16 * 1024);
    }

    private static async Task<long> AllocatedByScrapeAsync(TelemetryStore store, ExpositionFormat format)
    {
        using var exporter = new Exporter(store, new ExportOptions(), TimeProvider.System, new PlatformMetrics(), []);
        var buffer = new ExpositionBuffer();
        long allocated = long.MaxValue;
        for (int round = 0; round < 5; round++)
        {
            buffer.Clear();
            long before = GC.GetAllocatedBytesForCurrentThread();
            await exporter.WriteAsync(buffer, format, TestContext.Current.CancellationToken);
            allocated = long.Min(allocated, GC.GetAllocatedBytesForCurrentThread() - before);
        }
        return allocated;
    }

    private static (TelemetryStore Store, TestSource[] Sources) Filled(int sources, int each)
    {
        var store = new TelemetryStore(new StorageOptions(), sessionId: 7);
        TestSource[] all = [.. Enumerable.Range(0, sources).Select(index => new TestSource(store, $"service-{index % 5}", $"i-{index}"))];
        foreach (TestSource source in all)
        {
            source.Writer.Source.NoteSession(1, NowNs);
            for (int index = 0; index < each; index++)
            {
                var kind = (SeriesKind)(1 + (index % 3));
                Series series = source.Add(index == 2 ? "latency" : kind == SeriesKind.Counter ? $"metric_{index}_total" : $"metric_{index}", kind);
                switch (kind)
                {
                    case SeriesKind.Gauge:
                        source.Append(series, NowNs, Math.PI * index);
                        break;
                    case SeriesKind.Counter:
                        source.Append(series, NowNs, (ulong)index);
                        break;
                    default:
                        source.Append(series, NowNs, new HistogramSample { Count = 3, Sum = 6, Min = 1, Max = 3, Scale = 3, PositiveOffset = 6, PositiveCounts = [1, 2] });
                        break;
                }
            }
        }
        return (store, all);
    }

    private static (TelemetryStore Store, TestSource Source) Stored()
    {
        var store = new TelemetryStore(new StorageOptions(), sessionId: 7);
        return (store, new TestSource(store));
    }

    private sealed class OneCounter : IPlatformFamilies
    {
        public void AddTo(PlatformMetrics metrics) => metrics.Counter("own_events_total", "Events.", () => 7);
    }
}
