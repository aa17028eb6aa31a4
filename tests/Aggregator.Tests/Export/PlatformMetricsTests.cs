using System.Globalization;
using Observability.Aggregator.Diagnostics;
using Observability.Aggregator.Export;
using Observability.Aggregator.Storage;
using Observability.Aggregator.Tests.Streaming;
using Prometheus;

namespace Observability.Aggregator.Tests.Export;

public sealed class PlatformMetricsTests
{
    private readonly TelemetryStore _store = new(new StorageOptions(), sessionId: 7);

    private static long NowNs => TimeProvider.System.UnixNs();

    [Fact]
    public void Gauge_LabelsThatAreReadNoLonger_AreExposedNoLonger()
    {
        var read = new List<(string[], double)> { (["checkout", "a"], 1), (["checkout", "b"], 2) };
        using Exporter exporter = Exposing(metrics => metrics.Gauge("own_depth", "Depth.", ["service", "instance"], () => read));
        ScrapedText first = ScrapedText.Of(exporter);
        Assert.Equal((1.0, 2.0), (first["own_depth{service=\"checkout\",instance=\"a\"}"], first["own_depth{service=\"checkout\",instance=\"b\"}"]));

        read.RemoveAt(0);
        read.Add((["ab", ""], 3));
        ScrapedText second = ScrapedText.Of(exporter);
        Assert.Equal((2.0, 3.0), (second["own_depth{service=\"checkout\",instance=\"b\"}"], second["own_depth{service=\"ab\",instance=\"\"}"]));
        Assert.False(second.Has("own_depth{service=\"checkout\",instance=\"a\"}"));
    }

    [Fact]
    public void Counter_ReadAtEachScrape_NeverFalls()
    {
        double total = 5;
        using Exporter exporter = Exposing(metrics => metrics.Counter("own_things_total", "Things.", "kind", () => [("a", total), ("b", 0)]));
        ScrapedText first = ScrapedText.Of(exporter);
        Assert.Equal((5.0, 0.0), (first["own_things_total{kind=\"a\"}"], first["own_things_total{kind=\"b\"}"]));
        total = 4;
        Assert.Equal(5, ScrapedText.Of(exporter)["own_things_total{kind=\"a\"}"]);
        total = 9;
        Assert.Equal(9, ScrapedText.Of(exporter)["own_things_total{kind=\"a\"}"]);
    }

    [Fact]
    public async Task Expose_HistogramAndCounter_HaveOneIdentityInBothFormatsAndABeginningInOne()
    {
        Histogram? histogram = null;
        double before = NowNs / 1e9;
        using Exporter exporter = Exposing(metrics =>
        {
            histogram = metrics.DurationHistogram("own_pass_seconds", "Passes.");
            metrics.Counter("own_things_total", "Things.", "kind", () => [("a b", 1), ("c", 2)]);
        });
        ScrapedText.Of(exporter);
        histogram!.Observe(0.01);
        histogram.Observe(7);
        string text = ScrapedText.TextOf(exporter, ExpositionFormat.PrometheusText);
        string openMetrics = ScrapedText.TextOf(exporter, ExpositionFormat.OpenMetricsText);

        string[] inText = [.. Own(text)];
        Assert.Equal(inText, Own(openMetrics).Where(sample => !sample.Contains("_created", StringComparison.Ordinal)));
        Assert.Contains("own_pass_seconds_bucket{le=\"0.01\"}", inText);
        Assert.Equal(
            ["own_pass_seconds_created", "own_things_created{kind=\"a b\"}", "own_things_created{kind=\"c\"}"],
            Own(openMetrics).Where(sample => sample.Contains("_created", StringComparison.Ordinal)));
        string created = openMetrics.Split('\n').Single(line => line.StartsWith("own_pass_seconds_created ", StringComparison.Ordinal));
        Assert.InRange(double.Parse(created.Split(' ')[1], CultureInfo.InvariantCulture), before - 0.001, NowNs / 1e9);
        await OutsideParsers.OpenMetricsAsync(openMetrics);
    }

    /// <summary>A family that has no sample yet has its name already.</summary>
    [Fact]
    public void Expose_AnAgentsSeriesCalledAsOneOfThePlatforms_YieldsTheName()
    {
        using Exporter exporter = Exposing(metrics => metrics.Gauge("own_depth", "Depth.", ["service"], () => []), new ProcessFamilies(new ServingState()));
        var source = new TestSource(_store);
        source.Append(source.Add("own_depth", SeriesKind.Counter), NowNs, 1UL);
        source.Append(source.Add("process_num_threads"), NowNs, 2.0);
        source.Append(source.Add("process_cpu_seconds", SeriesKind.Counter), NowNs, 3UL);
        ScrapedText text = ScrapedText.Of(exporter);
        const string Labels = "{service=\"checkout\",instance=\"a-1\"}";
        Assert.Equal(1, text["own_depth_counter" + Labels]);
        Assert.Equal(2, text["process_num_threads_gauge" + Labels]);
        Assert.Equal(3, text["process_cpu_seconds_counter" + Labels]);
        Assert.True(text["process_num_threads"] >= 1);
    }

    private static IEnumerable<string> Own(string text) => text.Split('\n')
        .Where(line => line.StartsWith("own_", StringComparison.Ordinal)).Select(line => line[..line.LastIndexOf(' ')]);

    private Exporter Exposing(Action<PlatformMetrics> add, params IPlatformFamilies[] others) =>
        new(_store, new ExportOptions(), TimeProvider.System, new PlatformMetrics(), [new Added(add), .. others]);

    private sealed class Added(Action<PlatformMetrics> add) : IPlatformFamilies
    {
        public void AddTo(PlatformMetrics metrics) => add(metrics);
    }
}
