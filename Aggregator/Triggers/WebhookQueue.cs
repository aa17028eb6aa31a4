using System.Threading.Channels;

namespace Observability.Aggregator.Triggers;

/// <summary>One message for a webhook: a firing began or ended. What it says is fixed when it is made.</summary>
internal sealed record WebhookMessage(Firing Firing, bool IsEnd, string Address);

/// <summary>Messages between the engine, which never waits, and the loop that delivers them. Full means refuse, and is counted.</summary>
internal sealed class WebhookQueue(TriggerOptions options, TriggerCounters counters)
{
    private readonly Channel<WebhookMessage> _messages = Channel.CreateBounded<WebhookMessage>(
        new BoundedChannelOptions(options.WebhookQueueMax) { SingleReader = true });

    public ChannelReader<WebhookMessage> Reader => _messages.Reader;

    public void Tell(Firing firing, bool isEnd)
    {
        if (firing.Rule.Definition.Webhook is not { } name || !options.Webhooks.TryGetValue(name, out string? address))
        {
            return;
        }
        firing.Delivery = DeliveryState.Pending;
        if (!_messages.Writer.TryWrite(new WebhookMessage(firing, isEnd, address)))
        {
            firing.Delivery = DeliveryState.Failed;
            counters.OnDeliveryDropped();
        }
    }
}
