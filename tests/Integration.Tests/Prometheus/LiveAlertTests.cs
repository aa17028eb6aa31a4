using Observability.Agent;

namespace Integration.Tests.Prometheus;

/// <summary>
/// Alerts from end to end: a real aggregator is killed, a real service is slow; each fires its own alert, and both end. Beside them an aggregator
/// in trouble makes each other alert fire but two: how much of a frame's time is too much depends on the machine, and a budget of memory that a
/// test can fill is given up in portions as large as itself (their queries are asked live, their thresholds proved in synthetic time).
/// </summary>
[Trait("Needs", "Prometheus")]
public sealed class LiveAlertTests : GraphTest
{
    private const string Service = "slow-service";
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(90);

    private static readonly string[] OfTroubles =
    [
        "AgentLost", "CertificateExpires", "ClockSkew", "ErrorBudgetBurnFast", "ErrorBudgetBurnSlow", "LatencyP99High", "SamplesDropped", "SamplesRejected",
        "SeriesNearLimit", "ServiceDown",
    ];

    [Fact]
    public async Task Alert_OnInjectedLatencyAKilledAggregatorAndTroubles_FiresAndResolves()
    {
        Promtool.SkipUnlessInstalled();
        await using TestGraph graph = await TestGraph.StartAsync();
        Uri metrics = graph.GetEndpoint("metrics");
        await using TroubledAggregator troubled = await TroubledAggregator.StartAsync("Storage:SeriesMax=300");
        await using var troubles = Troubles.Start(troubled, askMuch: false);
        // Both are to be missed half a minute later, the second while another instance goes on.
        await troubles.SendOnceAsync("gone", "g-1");
        await troubles.SendOnceAsync(Troubles.Service, "a-2");
        string[] targets = [$"{metrics.Host}:{metrics.Port}", troubled.Target];
        await using PrometheusServer server = await PrometheusServer.StartShortenedAsync(targets);
        var prometheus = new PrometheusApi(server.Client);
        await Eventually.GetAsync(() => prometheus.QueryAsync("up == 1"), up => up.Count == 2, Timeout, "both aggregators as targets that are up");

        await using (TelemetryAgent agent = TelemetryAgent.Create(new TelemetryAgentOptions
        {
            ServiceName = Service, InstanceId = "a-1", AggregatorAddress = graph.GetEndpoint("grpc").ToString(),
        }))
        {
            agent.Start();
            await ServeUntilAsync(agent, TimeSpan.FromMilliseconds(800), () => IsFiringAsync(prometheus, "LatencyP99High", Service), "the alert on latency");
            Assert.False(await IsFiringAsync(prometheus, "AggregatorDown"));
            await ServeUntilAsync(agent, TimeSpan.FromMilliseconds(5), async () => !await IsFiringAsync(prometheus, "LatencyP99High", Service), "the end of the alert on latency");
        }

        await graph.KillAggregatorAsync();
        await Eventually.GetAsync(() => IsFiringAsync(prometheus, "AggregatorDown"), isFiring => isFiring, Timeout, "the alert on the killed aggregator");
        await graph.StartResourceAsync();
        await Eventually.GetAsync(() => IsFiringAsync(prometheus, "AggregatorDown"), isFiring => !isFiring, Timeout, "the end of that alert");

        await Eventually.GetAsync(async () => string.Join(' ', OfTroubles.Except((await prometheus.FiringAsync()).Select(firing => firing.Name))),
            missing => missing.Length == 0, Timeout, "the alerts of all troubles");
        await server.SetTargetsAsync();
        await Eventually.GetAsync(() => IsFiringAsync(prometheus, "AggregatorAbsent"), isFiring => isFiring, Timeout, "the alert on a file without targets");
        await server.SetTargetsAsync(targets);
        await Eventually.GetAsync(() => IsFiringAsync(prometheus, "AggregatorAbsent"), isFiring => !isFiring, Timeout, "the end of that alert, too");
    }

    private static async Task<bool> IsFiringAsync(PrometheusApi prometheus, string alert, string service = "") =>
        (await prometheus.FiringAsync()).Any(firing => firing.Name == alert && firing.Labels.Contains(service, StringComparison.Ordinal));

    /// <summary>Serves requests that take so long, twenty at a time, until it is so.</summary>
    private static async Task ServeUntilAsync(TelemetryAgent agent, TimeSpan each, Func<Task<bool>> isSo, string what)
    {
        using var end = new CancellationTokenSource();
        Task[] serving = [.. Enumerable.Range(0, 20).Select(async _ =>
        {
            while (!end.IsCancellationRequested)
            {
                using (agent.TrackRequest())
                {
                    await Task.Delay(each, CancellationToken.None);
                }
            }
        })];
        try
        {
            await Eventually.GetAsync(isSo, so => so, Timeout, what);
        }
        finally
        {
            await end.CancelAsync();
            await Task.WhenAll(serving);
        }
    }
}
