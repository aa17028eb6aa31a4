using System.Net.WebSockets;
using Microsoft.AspNetCore.Connections;
using Observability.Aggregator.Selectors;
using Observability.Aggregator.Streaming.Frames;
using Observability.Aggregator.Streaming.Viewers;

namespace Observability.Aggregator.Streaming.Connections;

/// <summary>Reads what one client sends, one message after another, and answers it. What is wrong is answered by an error; the connection stays.</summary>
internal sealed class ConnectionReceiver(LiveSocket socket, LiveConnection connection, FrameLoop loop, LiveHub hub)
{
    private readonly Dictionary<long, Subscription> _subscriptions = [];
    private Subscription? _automatic;

    /// <summary>Close frames were exchanged, or nothing more than ours can be.</summary>
    public bool WasClosed { get; private set; }

    /// <summary>What a JSON connection begins with.</summary>
    public async Task SubscribeToAllAsync()
    {
        if (!Selector.TryParse("{}", out Selector? all, out string error))
        {
            throw new System.Diagnostics.UnreachableException($"BUG: the selector of every series does not parse: {error}");
        }
        SeriesSet set = loop.Sets.FindOrMatch(all!, hub.Options.AutomaticSeriesMax);
        _automatic = await loop.SubscribeAsync(connection.Viewer, null, set, RateClass.Fastest, null);
    }

    public async Task ReceiveAllAsync()
    {
        try
        {
            while (await ReceiveAsync())
            {
            }
        }
        catch (Exception exception) when (IsGone(exception))
        {
            // The framework refused what the client sent, and has sent the close frame that says why.
            if (exception is WebSocketException { WebSocketErrorCode: WebSocketError.Faulted } && connection.TryStop())
            {
                WasClosed = true;
                return;
            }
            if (!socket.WasAborted && IsPingTimeout(exception))
            {
                connection.Disconnect($"it answered no ping for {hub.Options.PongTimeoutMs} ms (Streaming:PongTimeoutMs)");
            }
            connection.Abort();
        }
    }

    /// <summary>After our close frame: reads on until the client's own, so that what was sent last is not cut off.</summary>
    public async Task AwaitCloseAsync()
    {
        using var timeout = new CancellationTokenSource(hub.Options.CloseTimeoutMs);
        try
        {
            while (!WasClosed)
            {
                WasClosed = (await socket.ReceiveAsync(timeout.Token)).Type == WebSocketMessageType.Close;
            }
        }
        catch (Exception exception) when (IsGone(exception))
        {
            // It is gone, or does not answer: the caller ends it either way.
        }
    }

    /// <summary>False: nothing more is to be read but the client's close frame.</summary>
    private async Task<bool> ReceiveAsync()
    {
        ReceivedMessage message = await socket.ReceiveAsync(CancellationToken.None);
        if (message.IsTooBig)
        {
            connection.End(WebSocketCloseStatus.MessageTooBig, $"A message may have {hub.Options.ControlMessageBytesMax} bytes (Streaming:ControlMessageBytesMax).");
            return false;
        }
        switch (message.Type)
        {
            case WebSocketMessageType.Text:
                await AnswerAsync(message.Payload);
                return true;
            case WebSocketMessageType.Binary:
                connection.End(WebSocketCloseStatus.InvalidMessageType, "Messages of a client are JSON text.");
                return false;
            default:
                WasClosed = true;
                connection.End(WebSocketCloseStatus.NormalClosure, null);
                return false;
        }
    }

    private static bool IsGone(Exception exception) =>
        exception is WebSocketException or OperationCanceledException or ObjectDisposedException or IOException;

    /// <summary>The framework aborts a connection whose ping has no answer.</summary>
    private static bool IsPingTimeout(Exception exception) =>
        exception is ConnectionAbortedException or OperationCanceledException { InnerException: WebSocketException { WebSocketErrorCode: WebSocketError.Faulted } };

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
        Answer(ServerMessages.Error(error, null));
        return ValueTask.CompletedTask;
    }

    private async Task AnswerAsync(ClientMessage message)
    {
        switch (message.Type)
        {
            case "subscribe":
                if (await SubscribeAsync(message) is { } refusal)
                {
                    Answer(ServerMessages.Error(refusal, message.Id));
                }
                break;
            case "unsubscribe":
                if (message.Id is { } id && _subscriptions.Remove(id, out Subscription? subscription))
                {
                    await loop.RunAsync(() => loop.Unsubscribe(connection.Viewer, subscription));
                }
                else
                {
                    Answer(ServerMessages.Error($"Cannot unsubscribe: there is no subscription {message.Id}.", message.Id));
                }
                break;
            case "ack" when message.Tick is { } tick:
                connection.Acks.OnAck(tick, hub.NowMs);
                break;
            case "ping":
                Answer(ServerMessages.Pong(message.RawT, loop.UnixNs));
                break;
            default:
                Answer(ServerMessages.Error(
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
        SeriesSet set = loop.Sets.FindOrMatch(selector!, hub.Options.SeriesPerSubscriptionMax);
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

    private void Answer(byte[] text) => connection.Enqueue(Outbound.OfText(text));

    private static string Shorten(string text) => text.Length <= 40 ? text : text[..40] + "…";
}
