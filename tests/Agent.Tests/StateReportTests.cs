namespace Observability.Agent.Tests;

public sealed class StateReportTests
{
    [Fact]
    public void Set_FromSeveralThreadsWhileOneFaults_EndsFaulted()
    {
        for (int round = 0; round < 2000; round++)
        {
            var delivered = new List<AgentState>();
            var report = new StateReport((state, _) => delivered.Add(state));
            using var start = new Barrier(3);
            Thread[] threads =
            [
                new(() => Run(i => report.Set(i % 2 == 0 ? AgentState.Waiting : AgentState.Connected, $"{i}"))),
                new(() => Run(i => report.Set(i % 2 == 0 ? AgentState.Connecting : AgentState.Connected, $"{i}"))),
                new(() => Run(i => report.Set(i == 1 ? AgentState.Faulted : AgentState.Waiting, $"{i}"))),
            ];
            Array.ForEach(threads, thread => thread.Start());
            Array.ForEach(threads, thread => thread.Join());
            Assert.Equal((AgentState.Faulted, AgentState.Faulted), (report.State, delivered[^1]));
            Assert.Equal(1, delivered.Count(state => state == AgentState.Faulted));

            void Run(Action<int> set)
            {
                start.SignalAndWait();
                for (int i = 0; i < 4; i++)
                {
                    set(i);
                }
            }
        }
    }

    [Fact]
    public void Set_FromAHandlerAndFromAThreadThatItWaitsFor_DeliversInOrder()
    {
        var delivered = new List<AgentState>();
        StateReport report = null!;
        report = new StateReport((state, _) =>
        {
            delivered.Add(state);
            if (state == AgentState.Connecting)
            {
                report.Set(AgentState.Waiting, "set by the handler itself");
                var other = new Thread(() => report.Set(AgentState.Stopped, "set by a thread that the handler waits for"));
                other.Start();
                Assert.True(other.Join(TimeSpan.FromSeconds(20)));
            }
        });
        report.Set(AgentState.Connecting, "");
        report.Set(AgentState.Stopped, "set by a thread that the handler waits for");
        Assert.Equal([AgentState.Connecting, AgentState.Waiting, AgentState.Stopped], delivered);
    }
}
