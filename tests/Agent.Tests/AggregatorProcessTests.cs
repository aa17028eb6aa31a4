namespace Observability.Agent.Tests;

/// <summary>The agent against the real aggregator.</summary>
public sealed class AggregatorProcessTests
{
    [Fact]
    public async Task Agent_ThroughKillsOfTheAggregator_AccountsForEverySample()
    {
        AggregatorProcess aggregator = await AggregatorProcess.StartAsync();
        TelemetryAgentOptions options = Agents.Options(aggregator.Grpc);
        await using TelemetryAgent agent = TelemetryAgent.Create(options);
        agent.Start();
        using var stop = new CancellationTokenSource();
        Task recording = Task.Run(
            async () =>
            {
                for (int i = 0; !stop.IsCancellationRequested; i++)
                {
                    agent.SetGauge("queue_depth", i);
                    agent.IncCounter("jobs_total", ("queue", $"{i % 3}"));
                    agent.RecordHistogram("size_bytes", i % 100);
                    agent.RecordRequest(TimeSpan.FromMilliseconds(i % 50));
                    await Task.Delay(1, TestContext.Current.CancellationToken);
                }
            },
            TestContext.Current.CancellationToken);
        for (int kill = 0; kill < 2; kill++)
        {
            long acknowledged = agent.Ledger.Acknowledged;
            await Eventually.TrueAsync(() => agent.Ledger.Acknowledged > acknowledged + 300);
            await aggregator.KillAsync();
            Agents.AssertBalanced(agent.Ledger);
            int port = aggregator.Grpc.Port;
            await aggregator.DisposeAsync();
            aggregator = await AggregatorProcess.StartAsync(port);
        }
        long before = agent.Ledger.AcknowledgedInServerSession;
        await Eventually.TrueAsync(() => agent.Ledger.AcknowledgedInServerSession > before + 100);
        await stop.CancelAsync();
        await recording;
        await agent.StopAsync();

        AgentLedger ledger = agent.Ledger;
        Agents.AssertBalanced(ledger);
        Assert.Equal((0L, 0L), (ledger.Pending, ledger.Dropped));
        Assert.Equal(await aggregator.ReceivedAsync(agent.InstanceId), ledger.AcknowledgedInServerSession);
        Assert.InRange(ledger.Replayed, 1, ledger.Acknowledged);
        Assert.InRange(ledger.Reconnects, 2, 100);
        await aggregator.DisposeAsync();
    }

    [Fact]
    public async Task Agent_OfASecondProcessWithTheSameIdentity_IsRefusedWhileTheFirstLives()
    {
        await using AggregatorProcess aggregator = await AggregatorProcess.StartAsync(environment: ("TELEMETRY_API_KEYS", "k1,k2"));
        TelemetryAgentOptions options = Agents.Options(aggregator.Grpc);
        options.ApiKey = "k2";
        await using TelemetryAgent first = TelemetryAgent.Create(options);
        Assert.True(await first.ConnectAsync(TestContext.Current.CancellationToken));
        first.Start();
        await using (TelemetryAgent second = TelemetryAgent.Create(options))
        {
            var states = second.WatchStates();
            Assert.False(await second.ConnectAsync(TestContext.Current.CancellationToken));
            Assert.Contains("ALREADY_EXISTS", states.Last().Message, StringComparison.Ordinal);
        }
        options.ApiKey = "wrong";
        await using TelemetryAgent stranger = TelemetryAgent.Create(options);
        Assert.False(await stranger.ConnectAsync(TestContext.Current.CancellationToken));
        Assert.Equal(AgentState.Connected, first.State);
        long acknowledged = first.Ledger.Acknowledged;
        await Eventually.TrueAsync(() => first.Ledger.Acknowledged > acknowledged);
    }
}
