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
    public void Read_EveryReason_BeginsAtZeroBeforeItCounts()
    {
        Assert.Equal(0, Told("buffer_full"));
        Report(Connect("a", session: 1), ("buffer_full", 5), ("my_own", 6));
        Assert.Equal((5, 0), (Told("buffer_full"), Told("invalid_name")));
        Assert.Equal(6, Told("my_own"));
        Assert.Equal((5, 6), (Told("buffer_full"), Told("my_own")));
    }

    [Fact]
    public void Read_AForeignReasonForTheFirstTime_TellsZeroOnce()
    {
        Report(Connect("a", session: 1), ("my_own", 6));
        Assert.Contains(("my_own", 0.0), _totals.Read());
        Assert.Contains(("my_own", 6.0), _totals.Read());
    }

    [Fact]
    public void Read_AfterAnAgentLeft_KeepsWhatItDropped()
    {
        ConnectedAgent one = Connect("a", session: 1);
        ConnectedAgent other = Connect("b", session: 2);
        Report(one, ("buffer_full", 5));
        Report(other, ("buffer_full", 7));
        Assert.Equal(12, Told("buffer_full"));
        _agents.Remove(one);
        Report(other, ("buffer_full", 8));
        Assert.Equal(13, Told("buffer_full"));
        // The same session again tells its total, not an increase; a new session of the same identity begins anew.
        Report(Connect("a", session: 1), ("buffer_full", 6));
        Assert.Equal(14, Told("buffer_full"));
        Report(Connect("a", session: 3), ("buffer_full", 2));
        Assert.Equal(16, Told("buffer_full"));
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
        Assert.True(told.Single(one => one.Reason == DroppedTotals.OtherReason).Count > 3);
    }

    private double Told(string reason) => _totals.Read().Single(one => one.Reason == reason).Count;

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
