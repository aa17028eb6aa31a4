using System.Net.Http.Json;
using Observability.Aggregator.Diagnostics;
using Observability.Aggregator.Storage;
using Observability.Aggregator.Tests.Diagnostics;
using Observability.Aggregator.Tests.Streaming;
using Observability.Aggregator.Triggers;

namespace Observability.Aggregator.Tests.Triggers;

public sealed class WebhookTests
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Webhook_ThatRefusesAtFirst_GetsBothMessagesInOrder()
    {
        await using WebhookReceiver receiver = await WebhookReceiver.StartAsync(refusals: 1);
        await using RunningAggregator aggregator = await RunningAggregator.StartAsync($"Triggers:Webhooks:pager={receiver.Address}");
        await FireAndClearAsync(aggregator);
        await EventuallyAsync(() => receiver.Messages.Count == 3);
        Assert.Equal(["firing", "firing", "ended"], receiver.Messages.Select(message => message.GetProperty("status").GetString()));
        Assert.All(receiver.Messages, message => Assert.Equal(("high", 7), (
            message.GetProperty("firing").GetProperty("rule_id").GetString(), message.GetProperty("firing").GetProperty("value").GetDouble())));
        var counters = aggregator.Get<TriggerCounters>();
        await EventuallyAsync(() => counters.Deliveries == 2);
        Assert.Equal((0, 0), (counters.DeliveriesFailed, counters.DeliveriesDropped));
        Assert.Equal(DeliveryState.Delivered, aggregator.Get<FiringLog>().TryFind(1, out _)!.Delivery);
    }

    [Fact]
    public async Task Webhook_ThatNeverAnswersWell_IsGivenUpAndCounted()
    {
        await using WebhookReceiver receiver = await WebhookReceiver.StartAsync(refusals: 100);
        await using RunningAggregator aggregator = await RunningAggregator.StartAsync(
            $"Triggers:Webhooks:pager={receiver.Address}", "Triggers:WebhookAttemptsMax=2");
        await FireAndClearAsync(aggregator);
        var counters = aggregator.Get<TriggerCounters>();
        await EventuallyAsync(() => counters.DeliveriesFailed == 2);
        Assert.Equal(4, receiver.Messages.Count);
        Assert.Equal(DeliveryState.Failed, aggregator.Get<FiringLog>().TryFind(1, out _)!.Delivery);
    }

    [Fact]
    public void Tell_WhenTheQueueIsFull_CountsTheMessageAsDropped()
    {
        var options = new TriggerOptions { WebhookQueueMax = 2, Webhooks = { ["pager"] = "http://localhost:1/" } };
        Assert.True(TriggerRule.TryRead(
            new TriggerDefinition { Name = "r", Selector = "{}", Threshold = 1, Webhook = "pager" }, options, isConfigured: false, out TriggerRule? rule, out _));
        var counters = new TriggerCounters();
        var queue = new WebhookQueue(options, counters);
        var identity = new SeriesIdentity(1, "a", "b", "c", new Dictionary<string, string>(), "gauge", "1");
        Firing[] firings = [.. Enumerable.Range(1, 3).Select(id => new Firing(id, rule!, identity, 1, 2, 3))];
        Assert.All(firings, firing => queue.Tell(firing, isEnd: false));
        Assert.Equal([DeliveryState.Pending, DeliveryState.Pending, DeliveryState.Failed], firings.Select(firing => firing.Delivery!.Value));
        Assert.Equal(1, counters.DeliveriesDropped);
        Assert.True(queue.Reader.TryRead(out _));
        queue.Tell(firings[2], isEnd: true);
        Assert.Equal((DeliveryState.Pending, 1), (firings[2].Delivery, counters.DeliveriesDropped));
    }

    private static async Task FireAndClearAsync(RunningAggregator aggregator)
    {
        var source = new TestSource(aggregator.Get<TelemetryStore>());
        Series gauge = source.Add("gauge");
        using HttpResponseMessage added = await aggregator.Web.PostAsJsonAsync(
            "/api/triggers", new { name = "high", selector = "gauge", threshold = 1, clear_for_ms = 0, webhook = "pager" }, Cancelled);
        Assert.True(added.IsSuccessStatusCode, await added.Content.ReadAsStringAsync(Cancelled));
        long nowNs = TimeProvider.System.UnixNs();
        source.Append(gauge, nowNs, 7.0);
        source.Append(gauge, nowNs + 1, 0.0);
    }

    private static async Task EventuallyAsync(Func<bool> holds)
    {
        long deadline = Environment.TickCount64 + 20_000;
        while (!holds())
        {
            Assert.True(Environment.TickCount64 < deadline, "What was waited for did not happen within 20 s.");
            await Task.Delay(5, Cancelled);
        }
    }
}
