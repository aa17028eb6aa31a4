using System.Net.Http.Headers;
using Observability.Aggregator.Diagnostics;
using Observability.Aggregator.Export;
using Observability.Aggregator.Storage;
using Observability.Aggregator.Tests.Diagnostics;
using Observability.Aggregator.Tests.Streaming;

namespace Observability.Aggregator.Tests.Export;

public sealed class MetricsTests
{
    private static long NowNs => TimeProvider.System.UnixNs();

    [Fact]
    public async Task Get_WithNothingStored_ExposesTheAggregatorsOwnHealth()
    {
        await using RunningAggregator aggregator = await RunningAggregator.StartAsync();
        using HttpResponseMessage response = await aggregator.Metrics.GetAsync("/metrics", TestContext.Current.CancellationToken);
        Assert.Equal("text/plain; version=0.0.4; charset=utf-8", response.Content.Headers.ContentType!.ToString());
        ScrapedText text = ScrapedText.Parse(await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        Assert.Equal(1, text["telemetry_serving"]);
        Assert.Equal(0, text["telemetry_live_clients"]);
        Assert.Equal("histogram", text.Types["telemetry_frame_seconds"]);
        Assert.True(text["process_resident_memory_bytes"] > 1e6);
        Assert.True(text["dotnet_gc_heap_bytes"] >= 0);
    }

    [Fact]
    public async Task Get_WithEveryKind_ExposesThemUnderTheirNamesAndLabels()
    {
        await using RunningAggregator aggregator = await RunningAggregator.StartAsync();
        var source = new TestSource(aggregator.Get<TelemetryStore>(), "check\"out\\", "a\n1");
        source.Append(source.Add("queue.depth", SeriesKind.Gauge, ("http.route", "/pay"), ("le", "x")), NowNs, 3.5);
        source.Append(source.Add("jobs_total", SeriesKind.Counter), NowNs, ulong.MaxValue);
        source.Append(source.Add("size", SeriesKind.Histogram), NowNs, new HistogramSample
        {
            Count = 10, Sum = 55, Min = 0, Max = 9, Scale = 1, ZeroCount = 1, PositiveOffset = 0, PositiveCounts = [1, 2, 3, 3],
        });
        source.Append(source.Add("steps", SeriesKind.Histogram), NowNs, new HistogramSample
        {
            Count = 6, Sum = 20, Min = 0, Max = 12, ExplicitBounds = [1, 10], ExplicitCounts = [1, 2, 3],
        });
        source.Writer.Source.Received = 4;
        ScrapedText text = await ScrapeAsync(aggregator);
        const string Labels = "service=\"check\\\"out\\\\\",instance=\"a\\n1\"";
        Assert.Equal(3.5, text[$"queue_depth{{{Labels},http_route=\"/pay\",label_le=\"x\"}}"]);
        Assert.Equal(1.8446744073709552e19, text[$"jobs_total{{{Labels}}}"]);
        Assert.Equal(4, text[$"telemetry_samples_total{{{Labels}}}"]);
        // Scale 1: buckets 0 and 1 are (1, 2], 2 and 3 are (2, 4].
        Assert.Equal([4.0, 10, 10], [text[$"size_bucket{{{Labels},le=\"2.0\"}}"], text[$"size_bucket{{{Labels},le=\"4.0\"}}"], text[$"size_bucket{{{Labels},le=\"+Inf\"}}"]]);
        Assert.Equal((55.0, 10.0), (text[$"size_sum{{{Labels}}}"], text[$"size_count{{{Labels}}}"]));
        Assert.Equal([1.0, 3, 6], [text[$"steps_bucket{{{Labels},le=\"1.0\"}}"], text[$"steps_bucket{{{Labels},le=\"10.0\"}}"], text[$"steps_bucket{{{Labels},le=\"+Inf\"}}"]]);
        Assert.Equal(1, text["telemetry_buffer_size{metric=\"queue.depth\"}"]);
        Assert.True(text["telemetry_buffer_capacity{metric=\"queue.depth\"}"] >= 1);
    }

    [Fact]
    public async Task Get_WithLatency_ExposesSummaryAndBucketsInSeconds()
    {
        await using RunningAggregator aggregator = await RunningAggregator.StartAsync();
        var store = aggregator.Get<TelemetryStore>();
        var random = new Random(5);
        var all = new List<double>();
        foreach (string instance in new[] { "a", "b" })
        {
            var source = new TestSource(store, "checkout", instance);
            Series latency = source.Add("latency", SeriesKind.Histogram);
            for (int index = 0; index < 2000; index++)
            {
                double ms = Math.Exp(1 + (2 * random.NextDouble()) + random.NextDouble());
                all.Add(ms);
                source.Append(latency, NowNs, new HistogramSample
                {
                    Count = 1, Sum = ms, Min = ms, Max = ms, Scale = 5, PositiveOffset = (int)Math.Ceiling(Math.Log2(ms) * 32) - 1, PositiveCounts = [1],
                });
            }
        }
        ScrapedText text = await ScrapeAsync(aggregator);
        all.Sort();
        Assert.Equal("summary", text.Types["telemetry_latency_seconds"]);
        Assert.Equal("untyped", text.Types["telemetry_latency_seconds_bucket"]);
        Assert.InRange(text["telemetry_latency_seconds{service=\"checkout\",quantile=\"0.99\"}"] / (all[(int)(0.99 * all.Count)] / 1000), 0.97, 1.03);
        Assert.Equal(4000, text["telemetry_latency_seconds_count{service=\"checkout\"}"]);
        Assert.Equal(all.Sum() / 1000, text["telemetry_latency_seconds_sum{service=\"checkout\"}"], precision: 6);
        Assert.Equal(4000, text["telemetry_latency_seconds_bucket{service=\"checkout\",le=\"+Inf\"}"]);
        foreach (double bound in new[] { 0.005, 0.01, 0.02, 0.04 })
        {
            // Exact but for the one fine bucket that straddles the bound.
            double counted = text[$"telemetry_latency_seconds_bucket{{service=\"checkout\",le=\"{MetricNames.LabelNumber(bound)}\"}}"];
            Assert.InRange(counted, all.Count(ms => ms <= 1000 * bound / 1.025), all.Count(ms => ms <= 1000 * bound));
        }
        string[] bounds = [.. text.Samples.Where(sample => sample.StartsWith("telemetry_latency_seconds_bucket", StringComparison.Ordinal))];
        Assert.Equal(62, bounds.Length);
        double[] counts = [.. bounds.Select(bound => text[bound])];
        Assert.Equal(counts.Order(), counts);
    }

    [Fact]
    public async Task Get_OneNameWithTwoKinds_FirstKeepsIt()
    {
        await using RunningAggregator aggregator = await RunningAggregator.StartAsync();
        var store = aggregator.Get<TelemetryStore>();
        var first = new TestSource(store, "one", "a");
        var second = new TestSource(store, "two", "a");
        first.Append(first.Add("work"), NowNs, 1.0);
        second.Append(second.Add("work", SeriesKind.Counter), NowNs, 2UL);
        // What a histogram of this name would write is taken too, and the aggregator's own names are nobody else's.
        first.Append(first.Add("depth", SeriesKind.Histogram), NowNs, new HistogramSample { Count = 1, Sum = 1, ZeroCount = 1 });
        second.Append(second.Add("depth_count"), NowNs, 3.0);
        second.Append(second.Add("telemetry_serving"), NowNs, 4.0);
        ScrapedText text = await ScrapeAsync(aggregator);
        Assert.Equal(1, text["work{service=\"one\",instance=\"a\"}"]);
        Assert.Equal(2, text["work_counter{service=\"two\",instance=\"a\"}"]);
        Assert.Equal(3, text["depth_count_gauge{service=\"two\",instance=\"a\"}"]);
        Assert.Equal(4, text["telemetry_serving_gauge{service=\"two\",instance=\"a\"}"]);
        Assert.Equal(3, text["telemetry_export_renamed_series"]);
    }

    [Fact]
    public async Task Get_AStaleSeries_LeavesItOut()
    {
        await using RunningAggregator aggregator = await RunningAggregator.StartAsync();
        var source = new TestSource(aggregator.Get<TelemetryStore>());
        source.Append(source.Add("fresh"), NowNs, 1.0);
        source.Append(source.Add("stale"), NowNs - 6_000_000_000, 1.0);
        source.Add("never");
        ScrapedText text = await ScrapeAsync(aggregator);
        Assert.True(text.Has("fresh{service=\"checkout\",instance=\"a-1\"}"));
        Assert.DoesNotContain("stale", text.Types.Keys);
        Assert.DoesNotContain("never", text.Types.Keys);
    }

    [Fact]
    public async Task Get_PastTheLimitOfSeries_LeavesOutAndCounts()
    {
        await using RunningAggregator aggregator = await RunningAggregator.StartAsync("Export:SeriesMax=2");
        var source = new TestSource(aggregator.Get<TelemetryStore>());
        Series[] series = source.AddMany(3);
        source.AppendRow(NowNs, series[0], 1, 2, 3);
        ScrapedText text = await ScrapeAsync(aggregator);
        Assert.True(text.Has("gauge_1{service=\"checkout\",instance=\"a-1\"}"));
        Assert.False(text.Has("gauge_2{service=\"checkout\",instance=\"a-1\"}"));
        Assert.Equal(1, text["telemetry_export_left_out_series{reason=\"limit\"}"]);
    }

    [Fact]
    public async Task Get_WithGzip_IsTheSameText()
    {
        await using RunningAggregator aggregator = await RunningAggregator.StartAsync();
        using var request = new HttpRequestMessage(HttpMethod.Get, "/metrics");
        request.Headers.AcceptEncoding.Add(new StringWithQualityHeaderValue("gzip"));
        using HttpResponseMessage response = await aggregator.Metrics.SendAsync(request, TestContext.Current.CancellationToken);
        Assert.Equal(["gzip"], response.Content.Headers.ContentEncoding);
        await using Stream body = await response.Content.ReadAsStreamAsync(TestContext.Current.CancellationToken);
        using var text = new StreamReader(new System.IO.Compression.GZipStream(body, System.IO.Compression.CompressionMode.Decompress));
        Assert.Equal(1, ScrapedText.Parse(await text.ReadToEndAsync(TestContext.Current.CancellationToken))["telemetry_serving"]);
    }

    [Fact]
    public void Write_AfterMoreHistogramsThanARingHolds_KeepsTheTotals()
    {
        var store = new TelemetryStore(new StorageOptions { RingSamplesMax = 64 }, sessionId: 7);
        var source = new TestSource(store);
        Series latency = source.Add("latency", SeriesKind.Histogram);
        using var exporter = new Exporter(store, new ExportOptions(), TimeProvider.System, new PlatformMetrics(), []);
        for (int round = 0; round < 20; round++)
        {
            for (int index = 0; index < 40; index++)
            {
                source.Append(latency, NowNs, new HistogramSample { Count = 2, Sum = 6, Min = 3, Max = 3, Scale = 2, PositiveOffset = 6, PositiveCounts = [2] });
            }
            ScrapedText scraped = ScrapedText.Of(exporter);
            Assert.Equal(80 * (round + 1), scraped["telemetry_latency_seconds_count{service=\"checkout\"}"]);
            Assert.Equal(80 * (round + 1), scraped["telemetry_latency_seconds_bucket{service=\"checkout\",le=\"0.004\"}"]);
            Assert.Equal(0, scraped["telemetry_latency_seconds_bucket{service=\"checkout\",le=\"0.0025\"}"]);
            Assert.Equal(0, scraped["telemetry_export_overwritten_histograms_total"]);
        }
    }

    /// <summary>With streams connected, so that every family of ours and every standard metric of an agent is there.</summary>
    [Fact]
    public async Task Get_WithAgentsConnected_IsCleanForPromtool()
    {
        await using RunningAggregator aggregator = await RunningAggregator.StartAsync();
        await using var agent = Agent.TelemetryAgent.Create(new Agent.TelemetryAgentOptions
        {
            ServiceName = "checkout", InstanceId = "a-1", AggregatorAddress = $"localhost:{aggregator.GrpcPort}",
        });
        agent.Start();
        ScrapedText text;
        string body;
        do
        {
            TestContext.Current.CancellationToken.ThrowIfCancellationRequested();
            using (agent.TrackRequest())
            {
                await Task.Delay(5, TestContext.Current.CancellationToken);
            }
            body = await aggregator.Metrics.GetStringAsync("/metrics", TestContext.Current.CancellationToken);
            text = ScrapedText.Parse(body);
        }
        while (!text.Types.ContainsKey("latency_p99") || !text.Types.ContainsKey(LatencyFamilies.Buckets) || text["telemetry_agents_connected"] == 0);
        Assert.Equal("", await OutsideParsers.PromtoolAsync(body));
    }

    private static async Task<ScrapedText> ScrapeAsync(RunningAggregator aggregator) =>
        ScrapedText.Parse(await aggregator.Metrics.GetStringAsync("/metrics", TestContext.Current.CancellationToken));
}
