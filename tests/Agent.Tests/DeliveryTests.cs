using Observability.Protocol.V1;

namespace Observability.Agent.Tests;

public sealed class DeliveryTests
{
    [Fact]
    public async Task Agent_ThatRecordsAndStops_DeliversEveryValue()
    {
        await using FakeAggregator aggregator = await FakeAggregator.StartAsync();
        await using TelemetryAgent agent = Agents.Create(aggregator);
        Assert.True(await agent.ConnectAsync(TestContext.Current.CancellationToken));
        agent.Start();
        for (int i = 1; i <= 50; i++)
        {
            agent.SetGauge("queue_depth", i);
            agent.RecordGauge("queue_depth", -i, ("queue", "b"));
            agent.IncCounter("jobs_total");
            agent.IncCounter("bytes_total", 10, ("direction", "in"));
            agent.RecordHistogram("size_bytes", i);
            using RequestScope request = agent.TrackRequest();
        }
        agent.RecordCounter("external_total", 12345);
        agent.RecordRequest(TimeSpan.FromMilliseconds(5), isError: true);
        await agent.StopAsync();

        Assert.Equal(Enumerable.Range(1, 50).Select(i => (double)i), aggregator.SamplesOf("queue_depth").Select(s => s.Value));
        Assert.Equal(Enumerable.Range(1, 50).Select(i => (double)-i), aggregator.SamplesOf("queue_depth{queue=b}").Select(s => s.Value));
        Assert.Equal(50, aggregator.SamplesOf("jobs_total")[^1].Value);
        Assert.Equal(500, aggregator.SamplesOf("bytes_total{direction=in}")[^1].Value);
        Assert.Equal(50, aggregator.SamplesOf("size_bytes").Sum(s => s.Value));
        Assert.Equal(12345, aggregator.SamplesOf("external_total")[^1].Value);
        Assert.Equal(51, aggregator.SamplesOf("requests_total")[^1].Value);
        Assert.Equal(1, aggregator.SamplesOf("errors_total")[^1].Value);
        Assert.Equal(51, aggregator.SamplesOf("latency").Sum(s => s.Value));
        Assert.All(aggregator.Samples, s => Assert.Equal((agent.ServiceName, agent.InstanceId), (s.Service, s.Instance)));

        AgentLedger ledger = agent.Ledger;
        Agents.AssertBalanced(ledger);
        Assert.Equal((0L, 0L), (ledger.Pending, ledger.Dropped));
        Assert.Equal(aggregator.Received, ledger.Acknowledged);
        Assert.Equal(ledger.Recorded, ledger.Sent);
        Assert.Equal(AgentState.Stopped, agent.State);
    }

    [Fact]
    public async Task Agent_OnAStream_DeclaresEachSeriesOnceBeforeItsSamples()
    {
        await using FakeAggregator aggregator = await FakeAggregator.StartAsync();
        await using TelemetryAgent agent = Agents.Create(aggregator);
        agent.Counter("early", "By", ("a", "1")).Add(1);
        agent.Start();
        await Eventually.TrueAsync(() => aggregator.SamplesOf("early{a=1}").Length > 0);
        agent.SetGauge("late", 3);
        await Eventually.TrueAsync(() => aggregator.SamplesOf("late").Length > 0);
        await agent.StopAsync();

        TelemetryBatch[] messages = [.. aggregator.Messages];
        TelemetryBatch hello = messages[0];
        Assert.Equal((0UL, agent.SessionId, 20U), (hello.Sequence, hello.SessionId, hello.PushIntervalMs));
        Assert.Empty(hello.Ticks);
        Assert.Equal(
            ["rps", "error_rate", "inflight", "latency_p50", "latency_p95", "latency_p99", "requests_total", "errors_total", "latency", "early"],
            hello.Metrics.Select(metric => metric.Name));
        Assert.Equal(Enumerable.Range(1, 10).Select(i => (uint)i), hello.Metrics.Select(metric => metric.SeriesRef));
        Assert.Equal(("By", "1", "ms"), (hello.Metrics[9].Unit, hello.Metrics[9].Labels["a"], hello.Metrics[8].Unit));
        Metric[] declarations = [.. messages.SelectMany(m => m.Metrics).Where(m => m.Name.Length > 0)];
        Assert.Equal(11, declarations.Length);
        Assert.Equal(Enumerable.Range(1, messages.Count(m => m.Sequence != 0)).Select(i => (ulong)i), messages.Where(m => m.Sequence != 0).Select(m => m.Sequence));
    }

    [Fact]
    public async Task Agent_WithManyLongSeries_DeclaresThemInSeveralMessages()
    {
        await using FakeAggregator aggregator = await FakeAggregator.StartAsync();
        await using TelemetryAgent agent = Agents.Create(aggregator, options => options.SeriesMax = 2000);
        string longValue = new('v', 900);
        for (int i = 0; i < 1000; i++)
        {
            agent.Counter("jobs_total", ("id", $"{i}"), ("text", longValue)).Add(i);
        }
        agent.Start();
        await Eventually.TrueAsync(() => aggregator.Received > 1000);
        agent.Counter("after", "1").Add(7);
        await agent.StopAsync();
        TelemetryBatch[] declaring = [.. aggregator.Messages.Where(m => m.Metrics.Any(metric => metric.Name.Length > 0))];
        Assert.InRange(declaring.Length, 4, 8);
        Assert.All(declaring, message => Assert.InRange(message.CalculateSize(), 1, 300_000));
        Assert.Equal(999, aggregator.SamplesOf($"jobs_total{{id=999,text={longValue}}}")[^1].Value);
        Assert.Equal(7, aggregator.SamplesOf("after")[^1].Value);
    }

    [Fact]
    public async Task Agent_OverSeconds_ReportsItsLedgerAtMostOnceASecond()
    {
        await using FakeAggregator aggregator = await FakeAggregator.StartAsync();
        await using TelemetryAgent agent = Agents.Create(aggregator);
        agent.IncCounter("x", -1);                          // one drop, so that the report has a reason to tell
        agent.Start();
        await Eventually.TrueAsync(() => aggregator.Messages.Count(m => m.Report is not null) >= 3);
        TelemetryBatch[] reporting = [.. aggregator.Messages.Where(m => m.Report is not null)];
        Assert.Same(aggregator.Messages.First(), reporting[0]);
        Assert.All(reporting.Zip(reporting.Skip(1)), pair => Assert.InRange(pair.Second.SentAtNs - pair.First.SentAtNs, 990_000_000UL, ulong.MaxValue));
        Assert.All(reporting, message =>
        {
            AgentReport report = message.Report;
            Assert.Equal(report.Recorded, report.Acknowledged + report.Pending + report.Dropped.Values.Aggregate(0UL, (a, b) => a + b));
            Assert.Equal(1UL, report.Dropped["negative"]);
            Assert.Equal(TelemetryAgent.Sdk, report.Sdk);
            Assert.InRange(report.Sent, report.Acknowledged, report.Recorded);
        });
        Assert.NotEqual(0UL, reporting[^1].Report.RoundTripNs);
        Assert.Equal(reporting[0].Report.StartedAtNs, reporting[^1].Report.StartedAtNs);
    }

    [Fact]
    public async Task Agent_WhoseAggregatorsClockIsAhead_EstimatesTheOffset()
    {
        await using FakeAggregator aggregator = await FakeAggregator.StartAsync();
        aggregator.ClockAhead = TimeSpan.FromSeconds(90);
        await using TelemetryAgent agent = Agents.Create(aggregator);
        agent.Start();
        await Eventually.TrueAsync(() => aggregator.Messages.Count > 20);
        AgentLedger ledger = agent.Ledger;
        Assert.InRange(ledger.RoundTrip, TimeSpan.FromTicks(1), TimeSpan.FromSeconds(5));
        Assert.InRange(ledger.ClockOffset - aggregator.ClockAhead, -ledger.RoundTrip - TimeSpan.FromMilliseconds(20), ledger.RoundTrip + TimeSpan.FromMilliseconds(20));
    }

    [Fact]
    public async Task Agent_WhoseSamplesAreRejected_CountsThemAsDropped()
    {
        await using FakeAggregator aggregator = await FakeAggregator.StartAsync();
        aggregator.Reject = batch => batch.Sequence is 2 or 5 ? 2UL : 0;
        await using TelemetryAgent agent = Agents.Create(aggregator);
        agent.Start();
        await Eventually.TrueAsync(() => aggregator.Messages.Count > 10);
        await agent.StopAsync();
        AgentLedger ledger = agent.Ledger;
        Agents.AssertBalanced(ledger);
        Assert.Equal(4, ledger.DroppedByReason["rejected"]);
        Assert.Equal(aggregator.Received, ledger.Acknowledged);
    }

    [Fact]
    public async Task Agent_AskedToRetryLater_PausesAndLosesNothing()
    {
        await using FakeAggregator aggregator = await FakeAggregator.StartAsync();
        aggregator.RetryAfterMs = batch => batch.Sequence == 5 ? 1500U : 0;
        await using TelemetryAgent agent = Agents.Create(aggregator);
        agent.Start();
        await Eventually.TrueAsync(() => aggregator.Messages.Any(m => m.Sequence >= 40));
        await agent.StopAsync();
        ulong[] sentAt = [.. aggregator.Messages.Where(m => m.Sequence >= 5).Select(m => m.SentAtNs)];
        // At most a few batches were under way when the request arrived; then nothing for the time asked.
        Assert.InRange(sentAt.Zip(sentAt.Skip(1), (a, b) => b - a).Max(), 1_400_000_000UL, ulong.MaxValue);
        Assert.Equal((0L, aggregator.Received), (agent.Ledger.Dropped, agent.Ledger.Acknowledged));
    }

    [Fact]
    public async Task Agent_ThatIsIdle_StillReports()
    {
        await using FakeAggregator aggregator = await FakeAggregator.StartAsync();
        await using TelemetryAgent agent = Agents.Create(aggregator, options => options.PushIntervalMs = 60_000);
        agent.Start();
        await Eventually.TrueAsync(() => aggregator.Messages.Count(m => m.Report is not null) >= 3);
        Assert.All(aggregator.Messages, message => Assert.Equal(0UL, message.Sequence));
    }
}
