using Observability.Agent;

namespace Integration.Tests.Prometheus;

/// <summary>Alerts from end to end: a real aggregator is killed, a real service is slow; each fires its own alert, and both end.</summary>
public sealed class LiveAlertTests : GraphTest
{
    private const string Service = "slow-service";
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(90);

    [Fact]
    public async Task Alert_OnInjectedLatencyAndAKilledAggregator_FiresAndResolves()
    {
        Promtool.SkipUnlessInstalled();
        await using TestGraph graph = await TestGraph.StartAsync();
        Uri metrics = graph.GetEndpoint("metrics");
        await using PrometheusServer server = await PrometheusServer.StartAsync($"{metrics.Host}:{metrics.Port}");
        var prometheus = new PrometheusApi(server.Client);
        await Eventually.GetAsync(() => prometheus.QueryAsync("up == 1"), up => up.Count == 1, Timeout, "the aggregator as a target that is up");

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
