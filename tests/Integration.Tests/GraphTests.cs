using System.Net;
using System.Text.Json;
using Aspire.Hosting.ApplicationModel;

namespace Integration.Tests;

public sealed class GraphTests(GraphFixture fixture) : GraphTest
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task Graph_OnStart_IsHealthy()
    {
        TestGraph graph = await fixture.GetAsync();
        using HttpClient client = graph.CreateHttpClient();
        using HttpResponseMessage health = await client.GetAsync("/health", TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.OK, health.StatusCode);
        await graph.App.ResourceNotifications.WaitForResourceAsync("sim-agent", KnownResourceStates.Running, TestContext.Current.CancellationToken);

        JsonElement status = await graph.StatusAsync();
        Assert.True(status.GetProperty("pid").GetInt32() > 0);
    }

    [Fact]
    public async Task Graph_AggregatorKilledAndStarted_IsHealthyWithAnotherProcess()
    {
        await using TestGraph graph = await TestGraph.StartAsync();
        int before = (await graph.StatusAsync()).GetProperty("pid").GetInt32();

        await graph.KillAggregatorAsync();
        await graph.StartResourceAsync();

        JsonElement status = await Eventually.GetAsync(() => graph.StatusAsync(), _ => true, Timeout, "the status of the new process");
        Assert.NotEqual(before, status.GetProperty("pid").GetInt32());
    }

    [Fact]
    public async Task Graph_AggregatorStoppedStartedAndRestarted_IsHealthyEachTime()
    {
        await using TestGraph graph = await TestGraph.StartAsync();
        await graph.ExecuteAsync(KnownResourceCommands.StopCommand);
        await Assert.ThrowsAsync<HttpRequestException>(() => graph.StatusAsync());
        await graph.StartResourceAsync();
        int started = (await graph.StatusAsync()).GetProperty("pid").GetInt32();
        await graph.ExecuteAsync(KnownResourceCommands.RestartCommand);
        await graph.StartResourceAsync();
        Assert.NotEqual(started, (await graph.StatusAsync()).GetProperty("pid").GetInt32());
    }

    [Fact]
    public async Task Graph_TwoAggregators_RunSideBySide()
    {
        await using TestGraph graph = await TestGraph.StartAsync("Aggregators=2");
        int first = (await graph.StatusAsync("aggregator")).GetProperty("pid").GetInt32();
        int second = (await graph.StatusAsync("aggregator-2")).GetProperty("pid").GetInt32();
        Assert.NotEqual(first, second);
    }
}
