using System.Globalization;
using System.Text.Json;
using Integration.Tests.Page;
using Observability.Agent;

namespace Integration.Tests.Prometheus;

/// <summary>Every query that the product ships, against the graph's own Prometheus while it scrapes the running graph.</summary>
[Trait("Needs", "Prometheus")]
public sealed class LiveQueryTests(GraphFixture fixture) : GraphTest
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(90);

    /// <summary>Of no aggregator at all: it has an answer only then, and is asked then.</summary>
    private const string Absent = "absent(up{job=\"aggregator\"})";

    private const string Framing = "count(rate(telemetry_frame_seconds_count[5m]) > 0)";

    private const string Alone = "count(sum by (instance) (telemetry_agents_connected) == 0)";

    private const int ManyWatchers = 32;

    /// <summary>What moves only while an aggregator has too much to do.</summary>
    private static readonly string[] OfLoad = ["threadpool_queue", "overrun", "gc_"];

    /// <summary>
    /// The running graph and beside it an aggregator in all kinds of trouble, which is killed and comes back with other limits, while somebody edits
    /// the objectives: everything that the product asks has then a reason to change, and none is excused.
    /// </summary>
    [Fact]
    public async Task Query_OfEveryRuleAndPanel_ReturnsFiniteDataThatChanges()
    {
        Promtool.SkipUnlessInstalled();
        TestGraph graph = await fixture.GetAsync();
        await using TroubledAggregator troubled = await TroubledAggregator.StartAsync("Storage:SeriesMax=5000", "Storage:MemoryBudgetBytes=50000000");
        Uri metrics = graph.GetEndpoint("metrics");
        string[] targets = [$"{metrics.Host}:{metrics.Port}", troubled.Target];
        await using PrometheusServer server = await PrometheusServer.StartAsync(targets);
        var prometheus = new PrometheusApi(server.Client);
        await using var first = Watchers.Start(graph.GetEndpoint("http"));
        await using var second = Watchers.Start(troubled.Web);
        await Eventually.GetAsync(() => prometheus.QueryAsync("count(up == 1)"), up => up is [{ Value: 2 }], Timeout, "both aggregators as targets that are up");
        Dictionary<ProductQuery, Answer> before = [];
        await using (TelemetryAgent quiet = TelemetryAgent.Create(new TelemetryAgentOptions { ServiceName = "quiet", AggregatorAddress = troubled.Grpc.ToString() }))
        {
            // Series that come do not count as a change: both aggregators must have sent frames before.
            quiet.Start();
            await Eventually.GetAsync(() => prometheus.QueryAsync(Framing), framing => framing is [{ Value: 2 }], Timeout, "frames of both aggregators");
        }
        await Eventually.GetAsync(() => prometheus.QueryAsync(Alone), alone => alone is [{ Value: 1 }], Timeout, "an aggregator that the agent has left");
        await Eventually.GetAsync(() => AskAsync(prometheus, before), wrong => wrong.Length == 0, Timeout, "finite answers to every query");
        Assert.True(before.Count > 100, $"{before.Count} queries");

        await using (var troubles = Troubles.Start(troubled, askMuch: true))
        {
            // With so many streams a pass of the frame loop is long enough for one of the stalls to hit it soon.
            await using (Watchers.Start(troubled.Web, ManyWatchers))
            {
                await Eventually.GetAsync(
                    () => SameAsync(prometheus, before), same => !OfLoad.Any(part => same.Contains(part, StringComparison.Ordinal)), Timeout,
                    "other answers to what load changes");
            }
            troubles.StopAsking();
            await troubled.KillAsync();
            await Eventually.GetAsync(
                () => SameAsync(prometheus, before), same => !same.Contains(" up{", StringComparison.Ordinal), Timeout, "another answer to what is up");
            await troubled.StartAgainAsync("Storage:SeriesMax=6000", "Storage:MemoryBudgetBytes=60000000");
            await server.EditRulesAsync(EditObjectives);
            await Eventually.GetAsync(() => SameAsync(prometheus, before), same => same.Length == 0, Timeout, "other answers than before to every query");
        }

        Assert.Empty(await prometheus.QueryAsync(Absent));
        await server.SetTargetsAsync();
        await Eventually.GetAsync(() => prometheus.QueryAsync(Absent), absent => absent is [{ Value: 1 }], Timeout, "the absence of every aggregator");
        await server.SetTargetsAsync(targets);
        await Eventually.GetAsync(() => prometheus.QueryAsync(Absent), absent => absent.Count == 0, Timeout, "their return");

        IReadOnlySet<string> known = await prometheus.MetricNamesAsync();
        string[] names = [.. ProductQuery.All.SelectMany(query => query.MetricNames).Distinct()];
        Assert.True(names.Length > 50, string.Join(' ', names));
        Assert.Equal([], names.Where(name => !known.Contains(name)));
    }

    [Theory]
    [InlineData("requests_total")]
    [InlineData("errors_total")]
    [InlineData("rps")]
    [InlineData("latency_p99")]
    public async Task Value_OfASeries_IsTheAggregatorsOwnWithinOneScrape(string metric)
    {
        Promtool.SkipUnlessInstalled();
        TestGraph graph = await fixture.GetAsync();
        using HttpClient client = graph.CreateHttpClient("prometheus");
        using HttpClient aggregator = graph.CreateHttpClient();
        var prometheus = new PrometheusApi(client);
        // A machine that is busy elsewhere may hold an agent's samples up for longer than a scrape; then the next seconds are looked at.
        await Eventually.GetAsync(
            () => StrangeAsync(prometheus, aggregator, metric), strange => strange.Length == 0, Timeout, $"scraped values of {metric} that are all the aggregator's own");
    }

    /// <summary>Scraped samples of the last seconds that are not the aggregator's own of the same second; or that there are too few.</summary>
    private static async Task<string> StrangeAsync(PrometheusApi prometheus, HttpClient aggregator, string metric)
    {
        IReadOnlyList<(JsonElement Labels, double Seconds, double Value)> scraped = await prometheus.SamplesAsync($"{metric}{{service=\"checkout\"}}[5s]");
        var strange = new List<string>();
        foreach ((JsonElement labels, double seconds, double value) in scraped)
        {
            // Prometheus stamps a scrape with its beginning; what it got was the newest sample at some moment of the scrape, or up to one push before.
            string instance = labels.GetProperty("instance").GetString()!;
            double[] own = await OwnAsync(aggregator, $"{metric}{{service=\"checkout\",instance=\"{instance}\"}}", seconds - 1.2, seconds + 1);
            if (!own.Contains(value))
            {
                strange.Add(string.Create(CultureInfo.InvariantCulture, $"{value} of {instance} at {seconds}, not among {own.Length}"));
            }
        }
        return scraped.Count < 8 ? $"{scraped.Count} samples" : string.Join("\n", strange);
    }

    private static string EditObjectives(string rules) => rules
        .Replace("count) + 0.5", "count) + 0.25", StringComparison.Ordinal)
        .Replace("total) + 0.01", "total) + 0.02", StringComparison.Ordinal);

    private static async Task<string> AskAsync(PrometheusApi prometheus, Dictionary<ProductQuery, Answer> answers)
    {
        var wrong = new List<string>();
        foreach (ProductQuery query in ProductQuery.All.Where(query => query.Expression != Absent && !answers.ContainsKey(query)))
        {
            Answer answer = Answer.Of(await prometheus.QueryAsync(query.Expression));
            if (answer.IsFinite)
            {
                answers.Add(query, answer);
            }
            else
            {
                wrong.Add($"{query.From}: {query.Expression} = {answer}");
            }
        }
        return string.Join("\n", wrong);
    }

    /// <summary>Takes away what has another value in a series that it had before, and tells the rest.</summary>
    private static async Task<string> SameAsync(PrometheusApi prometheus, Dictionary<ProductQuery, Answer> before)
    {
        var same = new List<string>();
        foreach ((ProductQuery query, Answer former) in before.ToArray())
        {
            // The rules of the objectives are asked as they stand in the files now.
            string expression = query.From.StartsWith("rule ", StringComparison.Ordinal) ? EditObjectives(query.Expression) : query.Expression;
            Answer answer = Answer.Of(await prometheus.QueryAsync(expression));
            if (answer.IsFinite && answer.DiffersFrom(former))
            {
                before.Remove(query);
            }
            else
            {
                same.Add($"{query.From}: {query.Expression} = {answer}");
            }
        }
        return string.Join("\n", same);
    }

    private static async Task<double[]> OwnAsync(HttpClient aggregator, string selector, double fromSeconds, double toSeconds)
    {
        string Time(double seconds) => ((long)(seconds * 1e9)).ToString(CultureInfo.InvariantCulture);
        string body = await aggregator.GetStringAsync(
            $"/api/samples?selector={Uri.EscapeDataString(selector)}&from={Time(fromSeconds)}&to={Time(toSeconds)}", TestContext.Current.CancellationToken);
        return [.. JsonDocument.Parse(body).RootElement.GetProperty("series").EnumerateArray()
            .SelectMany(series => series.GetProperty("values").EnumerateArray())
            .Where(value => value.ValueKind == JsonValueKind.Number).Select(value => value.GetDouble())];
    }

    /// <summary>What Prometheus answered to one query: a value for each set of labels.</summary>
    private sealed record Answer(IReadOnlyDictionary<string, double> Values)
    {
        public bool IsFinite => Values.Count > 0 && Values.Values.All(double.IsFinite);

        /// <summary>Without what tests of pages sent to the shared graph and no longer send: a quantile of nothing is NaN.</summary>
        public static Answer Of(IReadOnlyList<(string Labels, double Value)> answer) => new(answer
            .Where(series => !series.Labels.Contains($"\"{GroundTruth.Service}\"", StringComparison.Ordinal))
            .ToDictionary(series => series.Labels, series => series.Value));

        /// <summary>Series that come or go do not count.</summary>
        public bool DiffersFrom(Answer other) => Values.Any(series => other.Values.TryGetValue(series.Key, out double before) && before != series.Value);

        public override string ToString() => Values.Count == 0 ? "nothing"
            : string.Join(", ", Values.Take(4).Select(series => string.Create(CultureInfo.InvariantCulture, $"{series.Key} {series.Value}")));
    }
}
