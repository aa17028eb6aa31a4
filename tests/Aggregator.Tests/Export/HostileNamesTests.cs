using Observability.Aggregator.Diagnostics;
using Observability.Aggregator.Export;
using Observability.Aggregator.Storage;
using Prometheus;

namespace Observability.Aggregator.Tests.Export;

public sealed class HostileNamesTests
{
    [Fact]
    public void Write_HostileNames_KeepsEverySeriesApart()
    {
        (string text, int written) = Scrape(ExpositionFormat.PrometheusText);
        // Our strict reader refuses lines that do not parse, families in two places and samples that appear twice.
        ScrapedText scraped = ScrapedText.Parse(text);
        Assert.Equal(0, scraped["telemetry_export_left_out_series{reason=\"duplicate\"}"]);
        Assert.Equal(0, scraped["telemetry_export_left_out_series{reason=\"limit\"}"]);
        // Each series wrote its own number: as a gauge with a half, as a counter, or as a histogram's count.
        HashSet<double> found = [.. scraped.Samples.Where(sample => sample.Contains("service=", StringComparison.Ordinal)).Select(sample => Math.Floor(scraped[sample]))];
        Assert.All(Enumerable.Range(1, written), number => Assert.Contains(number, found));
    }

    [Fact]
    public async Task Write_HostileNamesInOpenMetrics_PassesTheStrictParser()
    {
        (string text, int written) = Scrape(ExpositionFormat.OpenMetricsText);
        Assert.EndsWith("\n# EOF\n", text, StringComparison.Ordinal);
        string told = await OutsideParsers.OpenMetricsAsync(text);
        Assert.True(int.Parse(told, System.Globalization.CultureInfo.InvariantCulture) > written, told);
    }

    [Fact]
    public async Task Write_HostileNamesInText_PassesPromtoolsParser()
    {
        (string text, _) = Scrape(ExpositionFormat.PrometheusText);
        // Its lints speak of users' names; a text that does not parse is another line.
        string told = await OutsideParsers.PromtoolAsync(text);
        Assert.DoesNotContain("error while linting", told, StringComparison.Ordinal);
    }

    [Fact]
    public void Write_NamesEqualOnceSanitised_MarksTheLaterOne()
    {
        var store = new TelemetryStore(new StorageOptions(), sessionId: 7);
        long nowNs = TimeProvider.System.UnixNs();
        var source = new Streaming.TestSource(store);
        source.Append(source.Add("a.b"), nowNs, 1.0);
        source.Append(source.Add("a_b"), nowNs, 2.0);
        source.Append(source.Add("plain", SeriesKind.Gauge, ("x.y", "v")), nowNs, 3.0);
        source.Append(source.Add("plain", SeriesKind.Gauge, ("x-y", "v")), nowNs, 4.0);
        using var exporter = new Exporter(store, new ExportOptions(), TimeProvider.System, new PlatformMetrics(), []);
        ScrapedText text = ScrapedText.Of(exporter);
        const string Labels = "service=\"checkout\",instance=\"a-1\"";
        Assert.Equal(1, text[$"a_b{{{Labels}}}"]);
        Assert.Equal(2, text[$"a_b_{MetricNames.Mark("a_b")}{{{Labels}}}"]);
        Assert.Equal(3, text[$"plain{{{Labels},x_y=\"v\"}}"]);
        Assert.Equal(4, text[$"plain{{{Labels},x_y=\"v\",sanitized_from=\"x-y\"}}"]);
    }

    private static (string Text, int Written) Scrape(ExpositionFormat format)
    {
        var store = new TelemetryStore(HostileNames.Room(), sessionId: 7);
        int written = HostileNames.Fill(store, TimeProvider.System.UnixNs());
        using var exporter = new Exporter(store, new ExportOptions(), TimeProvider.System, new PlatformMetrics(), []);
        return (ScrapedText.TextOf(exporter, format), written);
    }
}
