using System.Net;
using System.Text.Json;
using Aspire.Hosting.ApplicationModel;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

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
    public async Task Graph_AggregatorKilledStoppedStartedAndRestarted_IsHealthyEachTime()
    {
        await using TestGraph graph = await TestGraph.StartAsync();
        int first = (await graph.StatusAsync()).GetProperty("pid").GetInt32();
        await graph.KillAggregatorAsync();
        await graph.StartResourceAsync();
        await Eventually.GetAsync(() => graph.StatusAsync(), status => status.GetProperty("pid").GetInt32() != first, Timeout, "the status of the new process");

        await graph.ExecuteAsync(KnownResourceCommands.StopCommand);
        await Assert.ThrowsAsync<HttpRequestException>(() => graph.StatusAsync());
        await graph.StartResourceAsync();
        int started = (await graph.StatusAsync()).GetProperty("pid").GetInt32();
        await graph.ExecuteAsync(KnownResourceCommands.RestartCommand);
        await graph.StartResourceAsync();
        Assert.NotEqual(started, (await graph.StatusAsync()).GetProperty("pid").GetInt32());
    }

    [Fact]
    public async Task Graph_WithoutApiKeys_HasNoParameterThatSomebodyWouldHaveToFillIn()
    {
        TestGraph graph = await fixture.GetAsync();
        Assert.Equal("", graph.App.Services.GetRequiredService<IConfiguration>()["Parameters:telemetry-api-keys"]);
        Assert.Empty(graph.App.Services.GetRequiredService<DistributedApplicationModel>().Resources.OfType<ParameterResource>());
    }

    [Fact]
    public async Task Graph_AggregatorStopped_StaysStoppedWhileWhatCrashesIsStartedAgain()
    {
        await using TestGraph graph = await TestGraph.StartAsync("Aggregators=2");
        int before = (await graph.StatusAsync("aggregator-2")).GetProperty("pid").GetInt32();
        Assert.NotEqual(before, (await graph.StatusAsync()).GetProperty("pid").GetInt32());
        await graph.ExecuteAsync(KnownResourceCommands.StopCommand);

        // The same watcher sees both, one after the other.
        await graph.KillAggregatorAsync("aggregator-2");
        await Eventually.GetAsync(() => graph.StatusAsync("aggregator-2"), status => status.GetProperty("pid").GetInt32() != before, Timeout, "another process");

        Assert.True(graph.App.ResourceNotifications.TryGetCurrentState("aggregator", out ResourceEvent? stopped));
        Assert.Contains(stopped.Snapshot.State?.Text, KnownResourceStates.TerminalStates);
        await Assert.ThrowsAsync<HttpRequestException>(() => graph.StatusAsync());
    }

    [Theory]
    [InlineData("dashboard", "Page")]
    [InlineData("aggregator", "API", "WebSocket", "gRPC", "Metrics")]
    public async Task Urls_InAspiresDashboard_AreNamedAndThePageIsFirst(string resource, params string[] names)
    {
        TestGraph graph = await fixture.GetAsync();
        await graph.App.ResourceNotifications.WaitForResourceHealthyAsync(resource, TestContext.Current.CancellationToken);
        Assert.True(graph.App.ResourceNotifications.TryGetCurrentState(resource, out ResourceEvent? current));
        Assert.Equal(names, current.Snapshot.Urls.OrderByDescending(url => url.DisplayProperties.SortOrder).Select(url => url.DisplayProperties.DisplayName));
    }

    [Fact]
    public async Task Tool_NotRun_IsOffWithTheReasonInAProperty()
    {
        TestGraph graph = await fixture.GetAsync();
        Assert.True(graph.App.ResourceNotifications.TryGetCurrentState("grafana", out ResourceEvent? grafana));
        Assert.Equal("Off", grafana.Snapshot.State?.Text);
        Assert.Equal("by configuration", Assert.Single(grafana.Snapshot.Properties, property => property.Name == "Reason").Value);
    }
}
