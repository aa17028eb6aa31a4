using System.Net.WebSockets;
using Observability.Aggregator.Selectors;
using Observability.Aggregator.Storage;
using Observability.Aggregator.Streaming.WebSockets;

namespace Observability.Aggregator.Streaming;

/// <summary>Reads what one client sends, one message after another, and answers it. What is wrong is told; the connection stays.</summary>
internal sealed class ConnectionReceiver(LiveSocket socket, LiveConnection connection, TelemetryStore store, FrameLoop loop, LiveHub hub)
{
    private readonly WebSocketReader _reader = new(socket.ReadAsync, hub.Options.ControlMessageBytesMax, socket.Compresses);
    private readonly Dictionary<long, Subscription> _subscriptions = [];
    private Subscription? _automatic;

    /// <summary>The client sent its close frame.</summary>
    public bool WasClosed { get; private set; }

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
        try
        {
            while (await ReceiveAsync(aborted))
            {
            }
        }
        catch (Exception exception) when (exception is OperationCanceledException or ObjectDisposedException or IOException)
        {
            connection.Abort();
        }
    }

    /// <summary>After our close frame: reads on until the client's own, so that what was sent last is not cut off.</summary>
    public async Task AwaitCloseAsync()
    {
        using var timeout = new CancellationTokenSource(hub.Options.CloseTimeoutMs);
        try
        {
            while (!WasClosed && await _reader.ReceiveAsync(timeout.Token) is { IsEnd: false } message)
            {
                WasClosed = message.Opcode == Opcode.Close;
            }
        }
        catch (Exception exception) when (exception is OperationCanceledException or ObjectDisposedException or IOException)
        {
            // It is gone, or does not answer: cut by the caller either way.
        }
    }

    /// <summary>False: nothing more is to be read but the client's close frame.</summary>
    private async Task<bool> ReceiveAsync(CancellationToken aborted)
    {
        WebSocketMessage message = await _reader.ReceiveAsync(aborted);
        connection.OnReceived(message);
        switch (message.Opcode)
        {
            case Opcode.Text:
                await AnswerAsync(message.Payload);
                return true;
            case Opcode.Ping:
                connection.Enqueue(Outbound.OfControl(Opcode.Pong, message.Payload.ToArray()));
                return true;
            case Opcode.Pong:
                return true;
            case Opcode.Binary:
                connection.End(WebSocketCloseStatus.InvalidMessageType, "Messages of a client are JSON text.");
                return false;
            case Opcode.Close:
                WasClosed = true;
                connection.End(WebSocketCloseStatus.NormalClosure, null);
                return false;
            default:
                if (message.IsEnd)
                {
                    connection.Abort();
                }
                else
                {
                    connection.End(message.Refusal!.Value, message.Reason);
                }
                return false;
        }
    }

    private ValueTask AnswerAsync(ReadOnlyMemory<byte> text)
    {
        // Sixty a second come from each viewer.
        if (ClientAck.TryRead(text.Span, out long tick))
        {
            connection.Acks.OnAck(tick, hub.NowMs);
            return ValueTask.CompletedTask;
        }
        if (ClientMessage.TryParse(text, out ClientMessage? message, out string error))
        {
            return new ValueTask(AnswerAsync(message!));
        }
        Tell(ServerMessages.Error(error, null));
        return ValueTask.CompletedTask;
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
