using System.Net.Sockets;

namespace Observability.Aggregator.Streaming.WebSockets;

/// <summary>
/// The bytes of one WebSocket. They go through the web server, whose copies and hand-overs between threads cost several times what the send
/// itself does; where the connection is a plain one, it can <see cref="GoDirect"/> and write to the socket itself. The web server must then have
/// nothing left to send, which an answered ping proves. Reading always goes through the web server. One writer at a time, one reader.
/// </summary>
internal sealed class LiveSocket(HttpContext context, Stream stream, Socket? socket, bool compresses)
{
    private readonly Lock _lock = new();
    private bool _isOver;
    private bool _isDirect;

    /// <summary>permessage-deflate was agreed upon.</summary>
    public bool Compresses => compresses;

    /// <summary>No TLS, no HTTP/2 between us and the socket.</summary>
    public bool CanGoDirect => socket is not null;

    public bool IsDirect => Volatile.Read(ref _isDirect);

    public void GoDirect()
    {
        socket!.Blocking = false;
        Volatile.Write(ref _isDirect, true);
    }

    public ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken) => stream.ReadAsync(buffer, cancellationToken);

    /// <summary>[data plane] Direct only: as many bytes as the socket takes at once, possibly none.</summary>
    /// <exception cref="SocketException">The client is gone.</exception>
    public int TrySend(ReadOnlySpan<byte> bytes)
    {
        int sent = socket!.Send(bytes, SocketFlags.None, out SocketError error);
        return error switch
        {
            SocketError.Success => sent,
            SocketError.WouldBlock => 0,
            _ => throw new SocketException((int)error),
        };
    }

    public async ValueTask SendAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        if (!IsDirect)
        {
            await stream.WriteAsync(bytes, cancellationToken);
            await stream.FlushAsync(cancellationToken);
            return;
        }
        while (!bytes.IsEmpty)
        {
            bytes = bytes[await socket!.SendAsync(bytes, SocketFlags.None, cancellationToken)..];
        }
    }

    /// <summary>Cuts the connection. Any thread, any time.</summary>
    public void Abort()
    {
        lock (_lock)
        {
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
