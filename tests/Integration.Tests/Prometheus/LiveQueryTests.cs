using System.Globalization;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json;

namespace Integration.Tests.Prometheus;

/// <summary>Every query that the product ships, against the graph's own Prometheus while it scrapes the running graph.</summary>
public sealed class LiveQueryTests(GraphFixture fixture) : GraphTest
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(90);

    /// <summary>
    /// What is the same at each evaluation of a graph in which nothing is wrong: objectives and limits, states, counts of what does not happen,
    /// rings once they are full, and a heap between two collections. That these move when something is wrong is proved by the rules' tests and by <see cref="LiveAlertTests"/>.
    /// </summary>
    private static readonly string[] ConstantInPeace =
    [
        "0 * max", "latency_objective", "error_budget", "up{", "telemetry_agents_connected", "telemetry_ingest_streams", "telemetry_live_clients", "count(count",
        "telemetry_series", "_limit_bytes", "telemetry_buffer", "metric:buffer", "telemetry_ring_memory", "rejected", "dropped", "duplicate", "replayed", "malformed",
        "overrun", "threadpool", "gc_", "scrape_samples",
    ];

    /// <summary>Of what this graph does not have: no port of it speaks TLS, and no aggregator is absent.</summary>
    private static readonly string[] AbsentInPeace = ["alert CertificateExpires", "alert AggregatorAbsent"];

    [Fact]
    public async Task Query_OfEveryRuleAndPanel_ReturnsFiniteDataThatChanges()
    {
        Promtool.SkipUnlessInstalled();
        TestGraph graph = await fixture.GetAsync();
        using HttpClient client = graph.CreateHttpClient("prometheus");
        var prometheus = new PrometheusApi(client);
        // A viewer, without whom the frame loop has nothing to do.
        using ClientWebSocket viewer = await WatchAsync(graph);
        Dictionary<ProductQuery, string> first = [];
        await Eventually.GetAsync(() => AskAsync(prometheus, first), wrong => wrong.Length == 0, Timeout, "finite answers to every query");
        await Eventually.GetAsync(() => SameAsync(prometheus, first), same => same.Length == 0, Timeout, "other answers than before to every query");
        Assert.True(ProductQuery.All.Count > 100, $"{ProductQuery.All.Count} queries");

        IReadOnlySet<string> known = await prometheus.MetricNamesAsync();
        string[] names = [.. ProductQuery.All.Where(query => !AbsentInPeace.Contains(query.From)).SelectMany(query => query.MetricNames).Distinct()];
        Assert.True(names.Length > 50, string.Join(' ', names));
        string[] unknown = [.. names.Where(name => !known.Contains(name))];
        Assert.Equal([], unknown);
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

    private static async Task<string> AskAsync(PrometheusApi prometheus, Dictionary<ProductQuery, string> answers)
    {
        var wrong = new List<string>();
        foreach (ProductQuery query in ProductQuery.All.Where(query => !AbsentInPeace.Contains(query.From) && !answers.ContainsKey(query)))
        {
            IReadOnlyList<(string Labels, double Value)> answer = await prometheus.QueryAsync(query.Expression);
            if (answer.Count > 0 && answer.All(series => double.IsFinite(series.Value)))
            {
                answers.Add(query, Text(answer));
            }
            else
            {
                wrong.Add($"{query.From}: {query.Expression} = {(answer.Count == 0 ? "nothing" : Text(answer))}");
            }
        }
        return string.Join("\n", wrong);
    }

    private static async Task<string> SameAsync(PrometheusApi prometheus, Dictionary<ProductQuery, string> first)
    {
        var same = new List<string>();
        foreach ((ProductQuery query, string before) in first.ToArray())
        {
            IReadOnlyList<(string Labels, double Value)> answer = await prometheus.QueryAsync(query.Expression);
            bool isConstant = ConstantInPeace.Any(part => query.Expression.Contains(part, StringComparison.Ordinal));
            if (answer.Count == 0 || !answer.All(series => double.IsFinite(series.Value)) || (Text(answer) == before && !isConstant))
            {
                same.Add($"{query.From}: {query.Expression} = {Text(answer)}");
            }
            else
            {
                first.Remove(query);
            }
        }
        return string.Join("\n", same);
    }

    private static string Text(IReadOnlyList<(string Labels, double Value)> answer) =>
        string.Join(", ", answer.Take(4).Select(series => string.Create(CultureInfo.InvariantCulture, $"{series.Labels} {series.Value}")));

    private static async Task<double[]> OwnAsync(HttpClient aggregator, string selector, double fromSeconds, double toSeconds)
    {
        string Time(double seconds) => ((long)(seconds * 1e9)).ToString(CultureInfo.InvariantCulture);
        string body = await aggregator.GetStringAsync(
            $"/api/samples?selector={Uri.EscapeDataString(selector)}&from={Time(fromSeconds)}&to={Time(toSeconds)}", TestContext.Current.CancellationToken);
        return [.. JsonDocument.Parse(body).RootElement.GetProperty("series").EnumerateArray()
            .SelectMany(series => series.GetProperty("values").EnumerateArray())
            .Where(value => value.ValueKind == JsonValueKind.Number).Select(value => value.GetDouble())];
    }

    private static async Task<ClientWebSocket> WatchAsync(TestGraph graph)
    {
        var socket = new ClientWebSocket();
        socket.Options.AddSubProtocol("telemetry.v1.binary");
        await socket.ConnectAsync(new UriBuilder(graph.GetEndpoint("http")) { Scheme = "ws", Path = "/ws" }.Uri, TestContext.Current.CancellationToken);
        await socket.SendAsync(
            Encoding.UTF8.GetBytes("""{"type":"subscribe","id":1,"selector":"rps","rate":15}"""), WebSocketMessageType.Text, true, TestContext.Current.CancellationToken);
        _ = Task.Run(async () =>
        {
            byte[] buffer = new byte[1 << 20];
            while (socket.State == WebSocketState.Open)
            {
                await socket.ReceiveAsync(buffer.AsMemory(), CancellationToken.None);
            }
        });
        return socket;
    }
}
