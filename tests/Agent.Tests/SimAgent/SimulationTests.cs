using Observability.SimAgent;

namespace Observability.Agent.Tests.SimAgent;

public sealed class SimulationTests
{
    [Fact]
    public async Task Simulation_OfServicesAndInstances_StreamsEachUnderItsOwnIdentity()
    {
        await using FakeAggregator aggregator = await FakeAggregator.StartAsync();
        var simulation = new Simulation(
            new SimSettings { Services = 2, Instances = 2, Metrics = 3, Rate = 200 },
            () => new TelemetryAgentOptions { InstanceId = "r7", AggregatorAddress = aggregator.Address.ToString(), FlushTimeoutMs = 10_000 });
        foreach (TelemetryAgent agent in simulation.Agents)
        {
            agent.Start();
        }
        for (int step = 0; step < 500; step++)
        {
            simulation.Step();
        }
        await Task.WhenAll(simulation.Agents.Select(agent => agent.StopAsync()));

        Assert.Equal(
            ["cart/r7-1", "cart/r7-2", "checkout/r7-1", "checkout/r7-2"],
            aggregator.Samples.Select(s => $"{s.Service}/{s.Instance}").Distinct().Order(StringComparer.Ordinal));
        string[] series = [.. aggregator.Samples.Where(s => s.Service == "checkout" && s.Instance == "r7-1").Select(s => s.Series).Distinct()];
        Assert.Superset(
            new HashSet<string>(StringComparer.Ordinal)
            {
                "cpu_utilization", "heap_bytes", "queue_depth", "worker_utilization{worker=001}", "worker_utilization{worker=003}",
                "http_responses_total{route=/api/checkout,status=200}", "retries_total{dependency=payment-gateway}",
                "dependency_latency{dependency=payment-gateway}", "latency", "latency_p99", "rps", "error_rate", "inflight",
            },
            new HashSet<string>(series, StringComparer.Ordinal));
        foreach (TelemetryAgent agent in simulation.Agents)
        {
            Agents.AssertBalanced(agent.Ledger);
            Assert.Equal(0, agent.Ledger.Dropped);
            ReceivedSample[] own = [.. aggregator.Samples.Where(s => s.Service == agent.ServiceName && s.Instance == agent.InstanceId)];
            double requests = own.Last(s => s.Series == "requests_total").Value;
            Assert.InRange(requests, 200, 20_000);
            Assert.Equal(requests, own.Where(s => s.Series == "latency").Sum(s => s.Value));
            Assert.Equal(requests, own.Where(s => s.Series.StartsWith("http_responses_total", StringComparison.Ordinal)).GroupBy(s => s.Series).Sum(g => g.Last().Value));
        }
    }

    [Theory]
    [InlineData("abc", 0, 1, "abc")]
    [InlineData("abc", 0, 2, "abc-1")]
    [InlineData("abc", 1, 2, "abc-2")]
    public void InstanceId_OfSeveralInstances_IsNumbered(string process, int index, int count, string expected) =>
        Assert.Equal(expected, Simulation.InstanceId(process, index, count));

    [Theory]
    [InlineData("a:1", 3, "a:1")]
    [InlineData("a:1,b:2,c:3", 0, "a:1,b:2,c:3")]
    [InlineData("a:1, b:2, c:3", 4, "b:2,c:3,a:1")]
    public void Rotate_AListOfAggregators_BeginsAtAnother(string addresses, int by, string expected) =>
        Assert.Equal(expected, Simulation.Rotate(addresses, by));

    [Fact]
    public void Step_InSteadyState_AllocatesNothingToSpeakOf()
    {
        var simulation = new Simulation(
            new SimSettings { Services = 1, Rate = 100, IncidentSeconds = 10_000 },
            () => new TelemetryAgentOptions { InstanceId = "r7", AggregatorAddress = "localhost:1" });
        long bytes = Allocation.Of(() =>
        {
            for (int step = 0; step < 3000; step++)
            {
                simulation.Step();
            }
        });
        Assert.InRange(bytes, 0, 4096);                     // a list may still grow to a new record of open requests
        foreach (TelemetryAgent agent in simulation.Agents)
        {
            agent.Dispose();
        }
    }
}
