using Observability.Aggregator.Ingest;
using Observability.Aggregator.Storage;
using Observability.Protocol.V1;

namespace Observability.Aggregator.Tests.Ingest;

public sealed class DroppedTotalsTests
{
    private readonly ConnectedAgents _agents = new();
    private readonly DroppedTotals _totals;

    public DroppedTotalsTests() => _totals = new DroppedTotals(_agents);

    [Fact]
    public void Read_AReasonForTheFirstTime_BeginsAtZeroAndThenCounts()
    {
        Report(Connect("a", session: 1), ("buffer_full", 5));
        Assert.Equal([("buffer_full", 0.0)], _totals.Read());
        Assert.Equal([("buffer_full", 5.0)], _totals.Read());
        Assert.Equal([("buffer_full", 5.0)], _totals.Read());
    }

    [Fact]
    public void Read_AfterAnAgentLeft_KeepsWhatItDropped()
    {
        ConnectedAgent one = Connect("a", session: 1);
        ConnectedAgent other = Connect("b", session: 2);
        Report(one, ("buffer_full", 5));
        Report(other, ("buffer_full", 7));
        _totals.Read();
        Assert.Equal([("buffer_full", 12.0)], _totals.Read());
        _agents.Remove(one);
        Report(other, ("buffer_full", 8));
        Assert.Equal([("buffer_full", 13.0)], _totals.Read());
        // The same session again tells its total, not an increase; a new session of the same identity begins anew.
        Report(Connect("a", session: 1), ("buffer_full", 6));
        Assert.Equal([("buffer_full", 14.0)], _totals.Read());
        Report(Connect("a", session: 3), ("buffer_full", 2));
        Assert.Equal([("buffer_full", 16.0)], _totals.Read());
    }

    [Fact]
    public void Read_PastTheLimitOfReasons_CountsTheRestAsOne()
    {
        ConnectedAgent agent = Connect("a", session: 1);
        Report(agent, [.. Enumerable.Range(0, DroppedTotals.ReasonsMax + 3).Select(index => ($"reason-{index:00}", 1UL))]);
        _totals.Read();
        IReadOnlyList<(string Reason, double Count)> told = _totals.Read();
        Assert.Equal(DroppedTotals.ReasonsMax + 1, told.Count);
        Assert.Equal(DroppedTotals.ReasonsMax + 3, told.Sum(one => one.Count));
        Assert.Contains(told, one => one is { Reason: DroppedTotals.OtherReason, Count: 3 });
    }

    private ConnectedAgent Connect(string instance, ulong session)
    {
        var agent = new ConnectedAgent(new Source(1, "checkout", instance), "peer", session, isExchange: true, connectedAtNs: 1);
        _agents.Add(agent);
        return agent;
    }

    private static void Report(ConnectedAgent agent, params (string Reason, ulong Count)[] dropped)
    {
        var report = new AgentReport();
        foreach ((string reason, ulong count) in dropped)
        {
            report.Dropped.Add(reason, count);
        }
        agent.Reported(report, 1);
    }
}
