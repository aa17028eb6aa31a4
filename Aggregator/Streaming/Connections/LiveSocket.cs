using System.Net.WebSockets;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;

namespace Observability.Aggregator.Streaming.Connections;

/// <summary>
/// The web server's WebSocket of one connection. The framework checks the protocol, answers pings, asks silent clients by pings of its own and
/// compresses; what is ours is the limit of a message and when a connection is ended. One sender and one receiver at a time.
/// </summary>
internal sealed class LiveSocket(HttpContext context, WebSocket socket, int messageBytesMax)
{
    private const int BufferBytesAtStart = 512;

    private readonly Lock _lock = new();
    private byte[] _received = new byte[BufferBytesAtStart];
    private Task _pending = Task.CompletedTask;
    private bool _isOver;

    /// <summary>permessage-deflate was agreed upon: sending then takes processor time.</summary>
    public bool Compresses { get; } = context.Response.Headers.SecWebSocketExtensions.Count > 0;

    /// <summary>By <see cref="Abort"/>, not by the framework.</summary>
    public bool WasAborted { get; private set; }

    /// <summary><paramref name="mayCompress"/>: if the client offers it, permessage-deflate is agreed upon.</summary>
    public static async Task<LiveSocket> AcceptAsync(HttpContext context, string? subprotocol, bool mayCompress, StreamingOptions options)
    {
        // A connection that takes nothing is ended by Streaming:SendTimeoutMs, and counted.
        if (context.Features.Get<IHttpMinResponseDataRateFeature>() is { } rate)
        {
            rate.MinDataRate = null;
        }
        WebSocket socket = await context.WebSockets.AcceptWebSocketAsync(new WebSocketAcceptContext
        {
            SubProtocol = subprotocol,
            KeepAliveInterval = TimeSpan.FromMilliseconds(options.PingIntervalMs),
            KeepAliveTimeout = TimeSpan.FromMilliseconds(options.PongTimeoutMs),
            // Dangerous where secrets share a message with what an attacker chooses: samples hold none.
            DangerousEnableCompression = mayCompress,
            // Without context from message to message nothing is kept for a connection between two frames.
            DisableServerContextTakeover = true,
        });
        return new LiveSocket(context, socket, options.ControlMessageBytesMax);
    }

    /// <summary>[data plane] False: the web server's buffer is full, or the client is gone; <see cref="CompletePendingAsync"/> tells which.</summary>
    public bool TrySend(ReadOnlyMemory<byte> frame)
    {
        ValueTask send = socket.SendAsync(frame, WebSocketMessageType.Binary, endOfMessage: true, CancellationToken.None);
        if (send.IsCompletedSuccessfully)
        {
            send.GetAwaiter().GetResult();
            return true;
        }
        _pending = send.AsTask();
        return false;
    }

    /// <summary>Completes when the frame that <see cref="TrySend"/> could not finish was taken.</summary>
    public Task CompletePendingAsync() => _pending;

    public ValueTask SendAsync(ReadOnlyMemory<byte> bytes, WebSocketMessageType type, bool isEnd = true) =>
        socket.SendAsync(bytes, type, isEnd, CancellationToken.None);

    public Task CloseAsync(WebSocketCloseStatus status, string? reason) => socket.CloseOutputAsync(status, reason, CancellationToken.None);

    /// <summary>The next message, its fragments put together; its bytes are valid until the next call.</summary>
    public async ValueTask<ReceivedMessage> ReceiveAsync(CancellationToken cancellationToken)
    {
        int count = 0;
        while (true)
        {
            if (count == _received.Length)
            {
                Array.Resize(ref _received, int.Min(2 * count, messageBytesMax + 1));
            }
            ValueWebSocketReceiveResult result = await socket.ReceiveAsync(_received.AsMemory(count), cancellationToken);
            count += result.Count;
            if (count > messageBytesMax)
            {
                return new ReceivedMessage(result.MessageType, default, IsTooBig: true);
            }
            if (result.EndOfMessage)
            {
                return new ReceivedMessage(result.MessageType, _received.AsMemory(0, count), IsTooBig: false);
            }
        }
    }

    /// <summary>Ends the connection at once. Any thread, any time.</summary>
    public void Abort()
    {
        lock (_lock)
        {
            WasAborted = true;
            // The web server gives the context to another request once ours is over.
            if (!_isOver)
            {
                context.Abort();
            }
        }
    }

    /// <summary>The request ends: the web server closes the connection.</summary>
    public void EndRequest()
    {
        lock (_lock)
        {
            _isOver = true;
        }
    }
}

/// <summary>What a client sent. Too big: its bytes are not there, and the connection is to be closed.</summary>
internal readonly record struct ReceivedMessage(WebSocketMessageType Type, ReadOnlyMemory<byte> Payload, bool IsTooBig);
