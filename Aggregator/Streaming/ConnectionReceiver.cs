using System.Buffers;
using System.Net.WebSockets;
using Observability.Aggregator.Selectors;
using Observability.Aggregator.Storage;

namespace Observability.Aggregator.Streaming;

/// <summary>Reads what one client sends, one message after another, and answers it. What is wrong is told; the connection stays.</summary>
internal sealed class ConnectionReceiver(WebSocket socket, LiveConnection connection, TelemetryStore store, FrameLoop loop, LiveHub hub)
{
    private readonly Dictionary<long, Subscription> _subscriptions = [];
    private Subscription? _automatic;

    /// <summary>What a JSON connection begins with.</summary>
    public async Task SubscribeToAllAsync()
    {
        if (!Selector.TryParse("{}", out Selector? all, out string error))
        {
            throw new System.Diagnostics.UnreachableException($"BUG: the selector of every series does not parse: {error}");
        }
        SeriesSet set = FindOrScan(all!, hub.Options.AutomaticSeriesMax);
        _automatic = await loop.SubscribeAsync(connection.Viewer, null, set, RateClass.Fastest, null);
    }

    public async Task ReceiveAllAsync(CancellationToken aborted)
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent(hub.Options.ControlMessageBytesMax + 1);
        try
        {
            while (await ReceiveAsync(buffer, aborted))
            {
            }
        }
        catch (Exception exception) when (exception is WebSocketException or OperationCanceledException or ObjectDisposedException or IOException)
        {
            connection.Abort();
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>After our close frame: reads on until the client's own, so that what was sent last is not cut off.</summary>
    public async Task AwaitCloseAsync()
    {
        if (socket.State != WebSocketState.CloseSent)
        {
            return;
        }
        using var timeout = new CancellationTokenSource(hub.Options.CloseTimeoutMs);
        byte[] buffer = new byte[1024];
        try
        {
            while (socket.State == WebSocketState.CloseSent)
            {
                await socket.ReceiveAsync(buffer.AsMemory(), timeout.Token);
            }
        }
        catch (Exception exception) when (exception is WebSocketException or OperationCanceledException or ObjectDisposedException or IOException)
        {
            // It is gone, or does not answer: cut by the caller either way.
        }
    }

    private async Task<bool> ReceiveAsync(byte[] buffer, CancellationToken aborted)
    {
        int length = 0;
        ValueWebSocketReceiveResult result;
        do
        {
            if (length > hub.Options.ControlMessageBytesMax)
            {
                connection.End(WebSocketCloseStatus.MessageTooBig, $"A message may have {hub.Options.ControlMessageBytesMax} bytes.");
                return false;
            }
            result = await socket.ReceiveAsync(buffer.AsMemory(length, hub.Options.ControlMessageBytesMax + 1 - length), aborted);
            length += result.Count;
        }
        while (!result.EndOfMessage);
        if (result.MessageType == WebSocketMessageType.Close)
        {
            connection.End(WebSocketCloseStatus.NormalClosure, null);
            return false;
        }
        if (result.MessageType == WebSocketMessageType.Binary)
        {
            connection.End(WebSocketCloseStatus.InvalidMessageType, "Messages of a client are JSON text.");
            return false;
        }
        if (length > hub.Options.ControlMessageBytesMax)
        {
            connection.End(WebSocketCloseStatus.MessageTooBig, $"A message may have {hub.Options.ControlMessageBytesMax} bytes.");
            return false;
        }
        if (ClientMessage.TryParse(buffer.AsMemory(0, length), out ClientMessage? message, out string error))
        {
            await AnswerAsync(message!);
        }
        else
        {
            Tell(ServerMessages.Error(error, null));
        }
        return true;
    }

    private async Task AnswerAsync(ClientMessage message)
    {
        switch (message.Type)
        {
            case "subscribe":
                if (await SubscribeAsync(message) is { } refusal)
                {
                    Tell(ServerMessages.Error(refusal, message.Id));
                }
                break;
            case "unsubscribe":
                if (message.Id is { } id && _subscriptions.Remove(id, out Subscription? subscription))
                {
                    await loop.RunAsync(() => loop.Unsubscribe(connection.Viewer, subscription));
                }
                else
                {
                    Tell(ServerMessages.Error($"Cannot unsubscribe: there is no subscription {message.Id}.", message.Id));
                }
                break;
            case "ack" when message.Tick is { } tick:
                connection.Acks.OnAck(tick, hub.NowMs);
                break;
            case "ping":
                Tell(ServerMessages.Pong(message.RawT, loop.UnixNs));
                break;
            default:
                Tell(ServerMessages.Error(
                    message.Type == "ack"
                        ? "Cannot take the ack: 'tick' is missing."
                        : $"Cannot read the message: type '{Shorten(message.Type)}' is unknown. Send subscribe, unsubscribe, ack or ping.",
                    message.Id));
                break;
        }
    }

    /// <summary>Null, or why not.</summary>
    private async Task<string?> SubscribeAsync(ClientMessage message)
    {
        if (message.Id is not { } id)
        {
            return "Cannot subscribe: 'id' is missing.";
        }
        if (_subscriptions.ContainsKey(id))
        {
            return $"Cannot subscribe: subscription {id} exists. Unsubscribe it first, or take another id.";
        }
        if (_subscriptions.Count >= hub.Options.SubscriptionsPerClientMax)
        {
            return $"Cannot subscribe: {hub.Options.SubscriptionsPerClientMax} subscriptions are the limit of one connection (Streaming:SubscriptionsPerClientMax).";
        }
        if (message.Selector is null)
        {
            return "Cannot subscribe: 'selector' is missing.";
        }
        if (!Selector.TryParse(message.Selector, out Selector? selector, out string error))
        {
            return $"Cannot subscribe: {error}";
        }
        if (RateClass.OfHz(message.Rate ?? RateClass.Fastest.Hz) is not { } rate)
        {
            return $"Cannot subscribe: rate is {message.Rate}, allowed is {string.Join(", ", RateClass.All.Select(one => one.Hz))}.";
        }
        if (message.BackfillMs is < 0 || message.BackfillMs > hub.Options.BackfillMsMax)
        {
            return $"Cannot subscribe: backfill_ms is {message.BackfillMs}, allowed is 0 to {hub.Options.BackfillMsMax} (Streaming:BackfillMsMax).";
        }
        SeriesSet set = FindOrScan(selector!, hub.Options.SeriesPerSubscriptionMax);
        if (set.RefusedCount > 0)
        {
            return $"Cannot subscribe: the selector matches {set.Members.Count + set.RefusedCount} series, {set.CountMax} are the limit (Streaming:SeriesPerSubscriptionMax). Narrow it.";
        }
        long? fromNs = message.FromNs ?? (message.BackfillMs is { } ms and > 0 ? loop.UnixNs - (ms * 1_000_000) : null);
        if (_automatic is { } automatic)
        {
            _automatic = null;
            await loop.RunAsync(() => loop.Unsubscribe(connection.Viewer, automatic));
        }
        _subscriptions.Add(id, await loop.SubscribeAsync(connection.Viewer, id, set, rate, fromNs));
        return null;
    }

    /// <summary>Matching every series by regular expressions may take milliseconds: here, not on the frame loop, and once for all who ask the same.</summary>
    private SeriesSet FindOrScan(Selector selector, int countMax)
    {
        var set = SeriesSet.Of(selector, countMax);
        if (loop.TryFindSet(set.Key) is { } shared)
        {
            return shared;
        }
        set.Refresh(store);
        return set;
    }

    private void Tell(byte[] text) => connection.Enqueue(Outbound.OfText(text));

    private static string Shorten(string text) => text.Length <= 40 ? text : text[..40] + "…";
}
