using System.Net;
using System.Net.Sockets;
using Grpc.Core;
using Observability.Protocol.V1;

namespace Observability.Agent.Tests;

public sealed class ReconnectTests
{
    [Fact]
    public async Task Agent_WhoseConnectionIsCut_ResendsWhatWasNotAppliedAndNothingElse()
    {
        await using FakeAggregator aggregator = await FakeAggregator.StartAsync();
        await using TelemetryAgent agent = Agents.Create(aggregator);
        agent.Start();
        for (int cut = 1; cut <= 5; cut++)
        {
            int streams = aggregator.Streams;
            int messages = aggregator.Messages.Count;
            await Eventually.TrueAsync(() => aggregator.Messages.Count > messages + 10);
            aggregator.CutConnections();
            await Eventually.TrueAsync(() => aggregator.Streams > streams);
        }
        await agent.StopAsync();
        AgentLedger ledger = agent.Ledger;
        Agents.AssertBalanced(ledger);
        Assert.Equal((0L, 0L, 0L), (ledger.Dropped, ledger.Pending, ledger.Replayed));
        Assert.Equal(aggregator.Received, ledger.Acknowledged);
        Assert.Equal(0, aggregator.Duplicates);             // the answer to the declarations told what was applied
        Assert.InRange(ledger.Reconnects, 5, 50);
        AssertTotalsRise(aggregator, "requests_total");
    }

    [Fact]
    public async Task Agent_WhoseAggregatorIsKilledAndRestarted_ReplaysTheLastSecondsBeforeWhatIsNew()
    {
        FakeAggregator first = await FakeAggregator.StartAsync();
        await using TelemetryAgent agent = Agents.Create(first);
        CounterHandle counter = agent.Counter("work_total");
        agent.Start();
        await Eventually.TrueAsync(() => agent.Ledger.Acknowledged > 300);
        counter.Add(1);
        await first.KillAsync();
        long acknowledgedByFirst = agent.Ledger.Acknowledged;
        counter.Add(1);
        await Eventually.TrueAsync(() => agent.State == AgentState.Waiting);
        await using FakeAggregator second = await FakeAggregator.StartAsync(first.Address.Port);
        await Eventually.TrueAsync(() => second.Received > 200);
        await agent.StopAsync();

        AgentLedger ledger = agent.Ledger;
        Agents.AssertBalanced(ledger);
        Assert.Equal((0L, 0L), (ledger.Dropped, ledger.Pending));
        Assert.Equal(acknowledgedByFirst, ledger.Acknowledged - ledger.AcknowledgedInServerSession);
        Assert.Equal(second.Received, ledger.AcknowledgedInServerSession);
        Assert.Equal(second.SessionId, ledger.ServerSessionId);
        Assert.Equal(second.Replayed, ledger.Replayed);
        Assert.Equal(acknowledgedByFirst, ledger.Replayed); // all of it was younger than ten seconds
        ulong[] sequences = [.. second.Messages.Where(m => m.Sequence != 0).Select(m => m.Sequence)];
        Assert.Equal(sequences.Order(), sequences);
        Assert.Equal(1UL, sequences[0]);
        TelemetryBatch[] replayed = [.. second.Messages.Where(m => m.Replay)];
        Assert.All(second.Messages.SkipWhile(m => m.Sequence == 0).Take(replayed.Length), m => Assert.True(m.Replay));
        AssertTotalsRise(second, "work_total");
        Assert.Equal(second.SamplesOf("rps").Select(s => s.TimestampNs).Order(), second.SamplesOf("rps").Select(s => s.TimestampNs));
    }

    [Fact]
    public async Task Agent_WithoutAnythingRecentToReplay_ReplaysNothing()
    {
        FakeAggregator first = await FakeAggregator.StartAsync();
        await using TelemetryAgent agent = Agents.Create(first, options => options.ReplayWindowMs = 0);
        agent.Start();
        await Eventually.TrueAsync(() => agent.Ledger.Acknowledged > 100);
        await first.KillAsync();
        await using FakeAggregator second = await FakeAggregator.StartAsync(first.Address.Port);
        await Eventually.TrueAsync(() => second.Received > 50);
        await agent.StopAsync();
        Assert.Equal((0L, 0L), (second.Replayed, agent.Ledger.Replayed));
        Agents.AssertBalanced(agent.Ledger);
    }

    [Fact]
    public async Task Agent_WithSeveralAddresses_GoesOnToTheNextWhenItsAggregatorDies()
    {
        FakeAggregator first = await FakeAggregator.StartAsync();
        await using FakeAggregator second = await FakeAggregator.StartAsync();
        await using TelemetryAgent agent = TelemetryAgent.Create(Agents.Options(first.Address, second.Address));
        agent.Start();
        await Eventually.TrueAsync(() => agent.Ledger.Acknowledged > 100);
        Assert.Equal(0, second.Streams);
        await first.KillAsync();
        await Eventually.TrueAsync(() => second.Received > 100);
        await agent.StopAsync();
        Agents.AssertBalanced(agent.Ledger);
        Assert.Equal((0L, 0L), (agent.Ledger.Dropped, agent.Ledger.Pending));
        Assert.Equal(second.Received, agent.Ledger.AcknowledgedInServerSession);
        Assert.InRange(second.Replayed, 1, long.MaxValue);
    }

    [Fact]
    public async Task Agent_ConnectingWithTheFirstAddressDead_UsesTheSecond()
    {
        await using FakeAggregator alive = await FakeAggregator.StartAsync();
        await using TelemetryAgent agent = TelemetryAgent.Create(Agents.Options(new Uri($"http://127.0.0.1:{UnusedPort()}"), alive.Address));
        Assert.True(await agent.ConnectAsync(TestContext.Current.CancellationToken));
        Assert.Equal(AgentState.Connected, agent.State);
    }

    [Fact]
    public async Task Agent_WhoseBatchIsMalformed_DropsThatOneAndGoesOn()
    {
        await using FakeAggregator aggregator = await FakeAggregator.StartAsync();
        aggregator.Refuse = batch => batch.Sequence == 7 ? new Status(StatusCode.InvalidArgument, "ticks[0]: bad") : null;
        await using TelemetryAgent agent = Agents.Create(aggregator);
        agent.Start();
        await Eventually.TrueAsync(() => aggregator.Messages.Any(m => m.Sequence > 20));
        await agent.StopAsync();
        AgentLedger ledger = agent.Ledger;
        Agents.AssertBalanced(ledger);
        Assert.Equal(5, ledger.DroppedByReason["malformed"]);
        Assert.Equal(["malformed"], ledger.DroppedByReason.Keys);
        Assert.Equal(aggregator.Received, ledger.Acknowledged);
        Assert.Equal(0, aggregator.Duplicates);
        Assert.DoesNotContain(aggregator.Messages, m => m.Sequence == 7);
        ulong last = aggregator.Messages.Max(m => m.Sequence);
        Assert.Equal((int)last - 1, aggregator.Messages.Where(m => m.Sequence != 0).Select(m => m.Sequence).Distinct().Count());
    }

    [Fact]
    public async Task Agent_WhoseBatchIsRefusedAgainAndAgain_GivesItUpAfterSomeStreams()
    {
        await using FakeAggregator aggregator = await FakeAggregator.StartAsync();
        aggregator.Refuse = batch => batch.Sequence == 3 ? new Status(StatusCode.ResourceExhausted, "too large") : null;
        await using TelemetryAgent agent = Agents.Create(aggregator, options => options.ReconnectDelayMaxMs = 100);
        agent.Start();
        await Eventually.TrueAsync(() => aggregator.Messages.Any(m => m.Sequence > 10));
        Assert.Equal(5, agent.Ledger.DroppedByReason["too_large"]);
        Assert.InRange(aggregator.Streams, 4, 5);
    }

    [Fact]
    public async Task Agent_WhoseStreamIsResetAtABatchAgainAndAgain_GivesItUpAfterSomeStreams()
    {
        const int internalError = 2;
        await using FakeAggregator aggregator = await FakeAggregator.StartAsync();
        aggregator.Resets = batch => batch.Sequence == 3 ? internalError : null;
        await using TelemetryAgent agent = Agents.Create(aggregator, options => options.ReconnectDelayMaxMs = 100);
        agent.Start();
        await Eventually.TrueAsync(() => aggregator.Messages.Any(m => m.Sequence > 10));
        Assert.Equal(5, agent.Ledger.DroppedByReason["malformed"]);
        Assert.Equal(["malformed"], agent.Ledger.DroppedByReason.Keys);
    }

    [Fact]
    public async Task Agent_WhoseConnectionIsLostAtABatchAgainAndAgain_BlamesNoBatch()
    {
        await using FakeAggregator aggregator = await FakeAggregator.StartAsync();
        int losses = 0;
        aggregator.Acknowledges = batch =>
        {
            if (batch.Sequence == 3 && losses++ < 6)
            {
                aggregator.CutConnections();
                return false;
            }
            return true;
        };
        await using TelemetryAgent agent = Agents.Create(aggregator, options => options.ReconnectDelayMaxMs = 50);
        agent.Start();
        await Eventually.TrueAsync(() => aggregator.Messages.Any(m => m.Sequence > 10));
        await agent.StopAsync();
        Assert.Equal((0L, aggregator.Received), (agent.Ledger.Dropped, agent.Ledger.Acknowledged));
    }

    [Fact]
    public async Task Agent_WhoseStreamEndsWhileAWriteWaitsForTheWindow_GoesOnOnAnother()
    {
        await using FakeAggregator aggregator = await FakeAggregator.StartAsync();
        await using TelemetryAgent agent = Agents.Create(aggregator, options => options.PushIntervalMs = 5);
        for (int i = 0; i < 1500; i++)
        {
            agent.Counter("c", ("n", $"{i}")).Add(1);
        }
        aggregator.Holds = batch => batch.Sequence == 20 && aggregator.Streams == 1
            ? Eventually.TrueAsync(() => agent.Ledger.Pending - (agent.Ledger.Sent - agent.Ledger.Acknowledged) > 20_000)
            : Task.CompletedTask;
        aggregator.Refuse = batch => batch.Sequence == 20 && aggregator.Streams == 1 ? new Status(StatusCode.Unavailable, "draining") : null;
        agent.Start();
        await Eventually.TrueAsync(() => aggregator.Streams == 2 && aggregator.Messages.Any(m => m.Sequence > 100));
        await agent.StopAsync();
        Assert.Equal((0L, aggregator.Received), (agent.Ledger.Dropped, agent.Ledger.Acknowledged));
    }

    [Fact]
    public async Task Agent_AskedToStayAwayByATrailer_ComesBackWhenTheTimeHasPassed()
    {
        await using FakeAggregator aggregator = await FakeAggregator.StartAsync();
        aggregator.Trailers = [("grpc-retry-pushback-ms", "1200")];
        aggregator.Refuse = batch => batch.Sequence == 3 && aggregator.Streams == 1 ? new Status(StatusCode.Unavailable, "draining") : null;
        await using TelemetryAgent agent = Agents.Create(aggregator);
        agent.Start();
        await Eventually.TrueAsync(() => aggregator.Streams == 2 && aggregator.Messages.Any(m => m.Sequence > 3));
        ulong[] sentAt = [.. aggregator.Messages.Select(m => m.SentAtNs)];
        Assert.InRange(sentAt.Zip(sentAt.Skip(1), (a, b) => b - a).Max(), 1_150_000_000UL, ulong.MaxValue);
    }

    [Fact]
    public async Task Agent_WhoseReplayIsRefused_GoesOnWithoutIt()
    {
        FakeAggregator first = await FakeAggregator.StartAsync();
        await using TelemetryAgent agent = Agents.Create(first);
        agent.Start();
        await Eventually.TrueAsync(() => agent.Ledger.Acknowledged > 100);
        await first.KillAsync();
        await using FakeAggregator second = await FakeAggregator.StartAsync(first.Address.Port);
        second.Refuse = batch => batch.Replay ? new Status(StatusCode.InvalidArgument, "replay: not here") : null;
        await Eventually.TrueAsync(() => second.Received > 100);
        await agent.StopAsync();
        Agents.AssertBalanced(agent.Ledger);
        Assert.Equal((0L, 0L), (agent.Ledger.Dropped, second.Replayed));
    }

    [Fact]
    public async Task Agent_WhoseAggregatorStopsAnswering_TakesAnotherStreamAndLosesNothing()
    {
        await using FakeAggregator aggregator = await FakeAggregator.StartAsync();
        aggregator.Acknowledges = batch => batch.Sequence < 10 || aggregator.Streams > 1;
        await using TelemetryAgent agent = Agents.Create(aggregator, options => options.AckTimeoutMs = 400);
        agent.Start();
        await Eventually.TrueAsync(() => aggregator.Streams > 1 && agent.Ledger.Acknowledged > 200);
        await agent.StopAsync();
        Agents.AssertBalanced(agent.Ledger);
        Assert.Equal((0L, aggregator.Received), (agent.Ledger.Dropped, agent.Ledger.Acknowledged));
    }

    [Theory]
    [InlineData("wrong", "UNAUTHENTICATED", "API_KEY")]
    [InlineData(null, "UNAUTHENTICATED", "API_KEY")]
    public async Task ConnectAsync_WithAWrongKey_IsFalseAndSaysWhatToDo(string? key, string status, string remedy)
    {
        await using FakeAggregator aggregator = await FakeAggregator.StartAsync();
        aggregator.ApiKey = "right";
        await using TelemetryAgent agent = Agents.Create(aggregator, options => options.ApiKey = key ?? "");
        var states = agent.WatchStates();
        Assert.False(await agent.ConnectAsync(TestContext.Current.CancellationToken));
        AgentStateChangedEventArgs waiting = states.Single(change => change.State == AgentState.Waiting);
        Assert.Contains(status, waiting.Message, StringComparison.Ordinal);
        Assert.Contains(remedy, waiting.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ConnectAsync_WithTheRightKey_IsTrue()
    {
        await using FakeAggregator aggregator = await FakeAggregator.StartAsync();
        aggregator.ApiKey = "right";
        await using TelemetryAgent agent = Agents.Create(aggregator, options => options.ApiKey = "right");
        Assert.True(await agent.ConnectAsync(TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task ConnectAsync_WhileAnotherSessionOwnsTheIdentity_IsFalseAndNamesTheRemedy()
    {
        await using FakeAggregator aggregator = await FakeAggregator.StartAsync();
        aggregator.Refuse = _ => new Status(StatusCode.AlreadyExists, "10.0.0.7:4242 writes it.");
        await using TelemetryAgent agent = Agents.Create(aggregator);
        var states = agent.WatchStates();
        Assert.False(await agent.ConnectAsync(TestContext.Current.CancellationToken));
        AgentStateChangedEventArgs waiting = states.Single(change => change.State == AgentState.Waiting);
        Assert.Contains("ALREADY_EXISTS", waiting.Message, StringComparison.Ordinal);
        Assert.Contains("10.0.0.7:4242", waiting.Message, StringComparison.Ordinal);
        Assert.Contains("INSTANCE_ID", waiting.Message, StringComparison.Ordinal);
    }

    internal static int UnusedPort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private static void AssertTotalsRise(FakeAggregator aggregator, string series)
    {
        double[] totals = [.. aggregator.SamplesOf(series).Select(sample => sample.Value)];
        Assert.NotEmpty(totals);
        Assert.Equal(totals.Order(), totals);
    }
}
