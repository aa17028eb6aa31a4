using System.Collections.Concurrent;

namespace Observability.Agent.Tests;

/// <summary>Agents as tests want them: short delays, a seed, and a record of their states.</summary>
internal static class Agents
{
    public static TelemetryAgentOptions Options(params Uri[] addresses) => new()
    {
        ServiceName = "checkout",
        InstanceId = $"t-{Guid.NewGuid():N}",
        AggregatorAddress = string.Join(',', addresses.Select(address => address.ToString())),
        RandomSeed = 1,
        FlushTimeoutMs = 10_000,
    };

    public static TelemetryAgent Create(FakeAggregator aggregator, Action<TelemetryAgentOptions>? change = null)
    {
        TelemetryAgentOptions options = Options(aggregator.Address);
        change?.Invoke(options);
        return TelemetryAgent.Create(options);
    }

    public static ConcurrentQueue<AgentStateChangedEventArgs> WatchStates(this TelemetryAgent agent)
    {
        var states = new ConcurrentQueue<AgentStateChangedEventArgs>();
        agent.StateChanged += (_, change) => states.Enqueue(change);
        return states;
    }

    public static void AssertBalanced(AgentLedger ledger) =>
        Assert.Equal(ledger.Recorded, ledger.Acknowledged + ledger.Dropped + ledger.Pending);
}
