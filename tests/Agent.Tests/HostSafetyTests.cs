using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging;

namespace Observability.Agent.Tests;

/// <summary>Whatever the aggregator does, the program that the agent runs in is not harmed.</summary>
public sealed class HostSafetyTests
{
    [Fact]
    public async Task Agent_WithoutAnAggregator_RecordsStopsAndBalances()
    {
        await using TelemetryAgent agent = TelemetryAgent.Create(Absent());
        Assert.False(await agent.ConnectAsync(TestContext.Current.CancellationToken));
        Assert.Equal(AgentState.Waiting, agent.State);
        agent.Start();
        CounterHandle counter = agent.Counter("c");
        for (int i = 0; i < 100_000; i++)
        {
            counter.Add();
            agent.SetGauge("g", i);
        }
        await Eventually.TrueAsync(() => agent.Ledger.Pending > 8000);
        Agents.AssertBalanced(agent.Ledger);
        var stopping = Stopwatch.StartNew();
        await agent.StopAsync();
        Assert.InRange(stopping.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(8));
        AgentLedger ledger = agent.Ledger;
        Agents.AssertBalanced(ledger);
        Assert.Equal((0L, 0L, ledger.Recorded), (ledger.Acknowledged, ledger.Pending, ledger.Dropped));
        Assert.InRange(ledger.Merged, 1, 100_000);
    }

    [Fact]
    public async Task Agent_WithoutAnAggregatorForLong_DropsTheOldestInBoundedMemory()
    {
        TelemetryAgentOptions options = Absent();
        options.RetainedBytesMax = 65_536;
        options.PushIntervalMs = 5;
        await using TelemetryAgent agent = TelemetryAgent.Create(options);
        for (int i = 0; i < 500; i++)
        {
            agent.Counter("c", ("n", $"{i}")).Add(1);
        }
        agent.Start();
        await Eventually.TrueAsync(() => agent.Ledger.DroppedByReason.GetValueOrDefault("buffer_full") > 10_000);
        AgentLedger ledger = agent.Ledger;
        Agents.AssertBalanced(ledger);
        Assert.InRange(ledger.Pending, 1, 65_536 / 8);
    }

    [Fact]
    public async Task Agent_WhoseAggregatorTakesConnectionsAndSaysNothing_GivesUpAndStops()
    {
        using var silent = new TcpListener(IPAddress.Loopback, 0);
        silent.Start();
        TelemetryAgentOptions options = Agents.Options(new Uri($"http://127.0.0.1:{((IPEndPoint)silent.LocalEndpoint).Port}"));
        options.AckTimeoutMs = 300;
        options.FlushTimeoutMs = 200;
        await using TelemetryAgent agent = TelemetryAgent.Create(options);
        var states = agent.WatchStates();
        agent.Start();
        Assert.False(await agent.ConnectAsync(TestContext.Current.CancellationToken));
        Assert.Contains("not acknowledged", states.Last().Message, StringComparison.Ordinal);
        var stopping = Stopwatch.StartNew();
        await agent.StopAsync();
        Assert.InRange(stopping.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(8));
        Agents.AssertBalanced(agent.Ledger);
    }

    [Fact]
    public async Task Agent_WhoseAggregatorTakesNoBatchWhileItStops_EndsInTimeAndCountsTheRest()
    {
        await using FakeAggregator aggregator = await FakeAggregator.StartAsync();
        int answered = 0;
        aggregator.Acknowledges = _ => answered++ == 0;     // the declarations, and nothing after them
        await using TelemetryAgent agent = Agents.Create(aggregator, options => options.FlushTimeoutMs = 300);
        Assert.True(await agent.ConnectAsync(TestContext.Current.CancellationToken));
        agent.Start();
        agent.SetGauge("g", 1);
        var stopping = Stopwatch.StartNew();
        await agent.StopAsync();
        Assert.InRange(stopping.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(8));
        AgentLedger ledger = agent.Ledger;
        Agents.AssertBalanced(ledger);
        Assert.Equal(ledger.Recorded, ledger.DroppedByReason["not_delivered"]);
    }

    [Fact]
    public async Task Agent_WhoseAggregatorSpeaksNoGrpc_SaysWhatToDo()
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.SetMinimumLevel(LogLevel.Critical);
        builder.WebHost.ConfigureKestrel(kestrel =>
            kestrel.Listen(IPAddress.Loopback, 0, endpoint => endpoint.Protocols = HttpProtocols.Http2));
        await using WebApplication site = builder.Build();
        await site.StartAsync(TestContext.Current.CancellationToken);
        await using TelemetryAgent agent = TelemetryAgent.Create(Agents.Options(new Uri(site.Urls.Single())));
        var states = agent.WatchStates();
        Assert.False(await agent.ConnectAsync(TestContext.Current.CancellationToken));
        Assert.Contains("AGGREGATOR_ADDR", states.Last().Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task StateChanged_AHandlerThatThrows_HarmsNothing()
    {
        await using FakeAggregator aggregator = await FakeAggregator.StartAsync();
        await using TelemetryAgent agent = Agents.Create(aggregator);
        agent.StateChanged += (_, _) => throw new InvalidOperationException("a bug of the program");
        agent.Start();
        await Eventually.TrueAsync(() => aggregator.Received > 50);
        await agent.StopAsync();
        Assert.Equal((0L, aggregator.Received), (agent.Ledger.Dropped, agent.Ledger.Acknowledged));
    }

    [Fact]
    public async Task Start_UnderAHostsExecutionContext_KeepsNothingOfIt()
    {
        await using FakeAggregator aggregator = await FakeAggregator.StartAsync();
        await using TelemetryAgent agent = Agents.Create(aggregator);
        var request = new AsyncLocal<string?> { Value = "a request of the host" };
        string? seen = "nothing yet";
        agent.StateChanged += (_, _) => seen = request.Value;
        agent.Start();
        await Eventually.TrueAsync(() => agent.State == AgentState.Connected);
        await Eventually.TrueAsync(() => seen is null);
        Assert.Equal("a request of the host", request.Value);
    }

    [Fact]
    public async Task Agent_AfterItHasStopped_IsHarmlessAndCountsWhatIsRecorded()
    {
        await using FakeAggregator aggregator = await FakeAggregator.StartAsync();
        TelemetryAgent agent = Agents.Create(aggregator);
        agent.Start();
        await agent.StopAsync();
        await agent.StopAsync();
        agent.Dispose();
        agent.Start();
        Assert.False(await agent.ConnectAsync(TestContext.Current.CancellationToken));
        for (int i = 0; i < 20_000; i++)
        {
            agent.SetGauge("g", i);
        }
        agent.IncCounter("c");
        agent.RecordHistogram("h", 1);
        agent.TrackRequest().Dispose();
        AgentLedger ledger = agent.Ledger;
        Agents.AssertBalanced(ledger);
        Assert.Equal((20_000L, 0L), (ledger.DroppedByReason["stopped"], ledger.Pending));
    }

    [Fact]
    public async Task Dispose_OfAnAgentNeverStarted_IsQuickAndQuiet()
    {
        TelemetryAgent agent = TelemetryAgent.Create(Absent());
        agent.SetGauge("g", 1);
        agent.Dispose();
        Agents.AssertBalanced(agent.Ledger);
        Assert.Equal(1, agent.Ledger.Dropped);
        await agent.DisposeAsync();
    }

    [Fact]
    public async Task ConnectAsync_WhenCancelled_IsFalse()
    {
        using var silent = new TcpListener(IPAddress.Loopback, 0);
        silent.Start();
        TelemetryAgentOptions options = Agents.Options(new Uri($"http://127.0.0.1:{((IPEndPoint)silent.LocalEndpoint).Port}"));
        options.FlushTimeoutMs = 0;
        await using TelemetryAgent agent = TelemetryAgent.Create(options);
        using var soon = new CancellationTokenSource(TimeSpan.FromMilliseconds(50));
        Assert.False(await agent.ConnectAsync(soon.Token));
    }

    [Fact]
    public async Task Ledger_WhileTheConnectionIsCutAgainAndAgain_AlwaysBalances()
    {
        await using FakeAggregator aggregator = await FakeAggregator.StartAsync();
        await using TelemetryAgent agent = Agents.Create(aggregator, options => options.PushIntervalMs = 5);
        agent.Start();
        using var stop = new CancellationTokenSource();
        Task recording = Task.Run(
            () =>
            {
                for (int i = 0; !stop.IsCancellationRequested; i++)
                {
                    agent.SetGauge("g", i);
                    agent.IncCounter("c", ("n", $"{i % 20}"));
                    using RequestScope request = agent.TrackRequest();
                }
            },
            TestContext.Current.CancellationToken);
        for (int cut = 0; cut < 10; cut++)
        {
            int messages = aggregator.Messages.Count;
            await Eventually.TrueAsync(() =>
            {
                Agents.AssertBalanced(agent.Ledger);
                return aggregator.Messages.Count > messages + 5;
            });
            aggregator.CutConnections();
        }
        await stop.CancelAsync();
        await recording;
        await agent.StopAsync();
        Agents.AssertBalanced(agent.Ledger);
        Assert.Equal(aggregator.Received, agent.Ledger.Acknowledged);
    }

    private static TelemetryAgentOptions Absent()
    {
        TelemetryAgentOptions options = Agents.Options(new Uri($"http://127.0.0.1:{ReconnectTests.UnusedPort()}"));
        options.FlushTimeoutMs = 500;
        return options;
    }
}
