using System.Globalization;
using System.Net.Http.Headers;
using Observability.Aggregator.Diagnostics;
using Observability.Aggregator.Export;
using Observability.Aggregator.Storage;
using Observability.Aggregator.Tests.Diagnostics;
using Observability.Aggregator.Tests.Streaming;
using Prometheus;

namespace Observability.Aggregator.Tests.Export;

/// <summary>When the counters of agents began, as OpenMetrics tells it: with the session that counts, as long as that one sends.</summary>
public sealed class CreatedTests
{
    private const string Labels = "service=\"checkout\",instance=\"a-1\"";
    private const ulong StartedAtNs = 1_700_000_000_250_000_000;

    private static long NowNs => TimeProvider.System.UnixNs();

    [Fact]
    public void Write_ACounterOfASession_BeganWithIt()
    {
        (TelemetryStore store, TestSource source) = Stored();
        source.Writer.Source.NoteSession(StartedAtNs, NowNs);
        source.Append(source.Add("jobs_total", SeriesKind.Counter, ("queue", "a")), NowNs, 4UL);
        source.Append(source.Add("calls", SeriesKind.Counter), NowNs, 5UL);
        source.Append(source.Add("depth"), NowNs, 6.0);
        string[] lines = Lines(store);
        int at = Array.IndexOf(lines, $"jobs_total{{{Labels},queue=\"a\"}} 4");
        Assert.Equal($"jobs_created{{{Labels},queue=\"a\"}} 1700000000.25", lines[at + 1]);
        // A counter that is no counter in OpenMetrics has none, nor has a gauge, nor the text format at all.
        Assert.DoesNotContain(lines, line => line.StartsWith("calls_created", StringComparison.Ordinal) || line.StartsWith("depth_created", StringComparison.Ordinal));
        using var exporter = new Exporter(store, new ExportOptions(), TimeProvider.System, new PlatformMetrics(), []);
        Assert.DoesNotContain("jobs_created", ScrapedText.TextOf(exporter, ExpositionFormat.PrometheusText), StringComparison.Ordinal);
    }

    [Fact]
    public void Write_ACounterWhoseSenderTellsNoSession_HasNoBeginning()
    {
        (TelemetryStore store, TestSource source) = Stored();
        source.Append(source.Add("jobs_total", SeriesKind.Counter), NowNs, 4UL);
        Assert.DoesNotContain(Lines(store), line => line.StartsWith("jobs_created", StringComparison.Ordinal));
    }

    [Fact]
    public void Write_ACounterThatTheNewSessionHasNotSent_HasNoBeginningUntilItDoes()
    {
        (TelemetryStore store, TestSource source) = Stored();
        long nowNs = NowNs;
        source.Writer.Source.NoteSession(StartedAtNs, nowNs - 3);
        Series jobs = source.Add("jobs_total", SeriesKind.Counter);
        source.Append(jobs, nowNs - 2, 4UL);
        source.Writer.Source.NoteSession(StartedAtNs + 1_000_000_000, nowNs - 1);
        Assert.DoesNotContain(Lines(store), line => line.StartsWith("jobs_created", StringComparison.Ordinal));
        source.Append(jobs, nowNs, 1UL);
        Assert.Contains($"jobs_created{{{Labels}}} 1700000001.25", Lines(store));
    }

    [Fact]
    public void Write_AnAgentWhoseClockIsAhead_BeganWhenItWasHeardOfAndStandsStill()
    {
        (TelemetryStore store, TestSource source) = Stored();
        long nowNs = NowNs;
        source.Writer.Source.NoteSession((ulong)nowNs + 3_600_000_000_000, nowNs);
        source.Append(source.Add("jobs_total", SeriesKind.Counter), nowNs, 4UL);
        source.Writer.Source.NoteSession((ulong)nowNs + 3_600_000_000_000, nowNs + 1_000_000_000);
        Assert.Contains($"jobs_created{{{Labels}}} {(nowNs / 1_000_000 / 1e3).ToString(CultureInfo.InvariantCulture)}", Lines(store));
    }

    [Fact]
    public async Task Get_WithAnAgentConnected_TellsItsCountersBeginningsToTheStrictParser()
    {
        await using RunningAggregator aggregator = await RunningAggregator.StartAsync();
        double before = NowNs / 1e9;
        await using var agent = Agent.TelemetryAgent.Create(new Agent.TelemetryAgentOptions
        {
            ServiceName = "checkout", InstanceId = "a-1", AggregatorAddress = $"localhost:{aggregator.GrpcPort}",
        });
        agent.Start();
        string? created = null;
        string body = "";
        while (created is null)
        {
            TestContext.Current.CancellationToken.ThrowIfCancellationRequested();
            using (agent.TrackRequest())
            {
                await Task.Delay(5, TestContext.Current.CancellationToken);
            }
            using var request = new HttpRequestMessage(HttpMethod.Get, "/metrics") { Headers = { Accept = { new MediaTypeWithQualityHeaderValue("application/openmetrics-text") } } };
            using HttpResponseMessage response = await aggregator.Metrics.SendAsync(request, TestContext.Current.CancellationToken);
            body = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
            created = body.Split('\n').FirstOrDefault(line => line.StartsWith($"requests_created{{{Labels}", StringComparison.Ordinal));
        }
        Assert.InRange(double.Parse(created.Split(' ')[^1], CultureInfo.InvariantCulture), before - 0.001, NowNs / 1e9);
        await OutsideParsers.OpenMetricsAsync(body);
    }

    private static string[] Lines(TelemetryStore store)
    {
        using var exporter = new Exporter(store, new ExportOptions(), TimeProvider.System, new PlatformMetrics(), []);
        return ScrapedText.TextOf(exporter, ExpositionFormat.OpenMetricsText).Split('\n');
    }

    private static (TelemetryStore Store, TestSource Source) Stored()
    {
        var store = new TelemetryStore(new StorageOptions(), sessionId: 7);
        return (store, new TestSource(store));
    }
}
