using System.Buffers.Binary;
using System.Globalization;
using System.Net.Sockets;
using System.Text;

namespace Observability.Stress.FanOut;

/// <summary>
/// One viewer of the live stream, as cheap as it can be made: the WebSocket protocol (RFC 6455) by hand over a socket, without looking
/// into a frame further than its header. It acknowledges each frame, as the page does after painting.
/// </summary>
internal sealed class ViewerClient : IDisposable
{
    private const int HeaderBytes = 64;
    private const int TickOffset = 16;
    private const int FramedOffset = 24;
    private const byte Binary = 0x82;
    private const byte MaskedText = 0x81;

    private readonly Socket _socket = new(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
    private readonly FanOutMeter _meter;
    private readonly byte[] _received = new byte[256 * 1024];
    private readonly byte[] _sent = new byte[256];
    private int _count;
    private volatile bool _isStopped;

    private ViewerClient(FanOutMeter meter) => _meter = meter;

    public long Frames { get; private set; }

    public static async Task<ViewerClient> ConnectAsync(Uri web, string selector, FanOutMeter meter)
    {
        var client = new ViewerClient(meter);
        await client._socket.ConnectAsync(web.Host, web.Port);
        await client.SendAsync(Encoding.ASCII.GetBytes(
            $"GET /ws HTTP/1.1\r\nHost: {web.Authority}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n" +
            "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Protocol: telemetry.v1.binary\r\n\r\n"));
        await client.ReadAnswerAsync();
        string escaped = selector.Replace("\"", "\\\"", StringComparison.Ordinal);
        await client.SendTextAsync($"{{\"type\":\"subscribe\",\"id\":1,\"selector\":\"{escaped}\",\"rate\":60}}");
        return client;
    }

    /// <summary>From now on nothing is read any more; the connection stays.</summary>
    public void StopReading() => _isStopped = true;

    public async Task RunAsync()
    {
        try
        {
            while (!_isStopped)
            {
                int read = await _socket.ReceiveAsync(_received.AsMemory(_count), SocketFlags.None);
                if (read == 0)
                {
                    return;
                }
                _count += read;
                long tick = TakeMessages();
                if (tick >= 0)
                {
                    await SendTextAsync($"{{\"type\":\"ack\",\"tick\":{tick.ToString(CultureInfo.InvariantCulture)}}}");
                }
            }
        }
        catch (SocketException) when (_meter.IsOver)
        {
            // Closed beneath us, by the end of the trial.
        }
        catch (ObjectDisposedException) when (_meter.IsOver)
        {
        }
    }

    public void Dispose() => _socket.Dispose();

    private async Task ReadAnswerAsync()
    {
        int end;
        while ((end = _received.AsSpan(0, _count).IndexOf("\r\n\r\n"u8)) < 0)
        {
            int read = await _socket.ReceiveAsync(_received.AsMemory(_count), SocketFlags.None);
            _count += read > 0 ? read : throw new InvalidOperationException("Cannot view: the aggregator closed the connection.");
        }
        string answer = Encoding.ASCII.GetString(_received, 0, end);
        if (!answer.StartsWith("HTTP/1.1 101", StringComparison.Ordinal))
        {
            throw new InvalidOperationException($"Cannot view: the aggregator answered '{answer.Split('\r')[0]}'.");
        }
        Consume(end + 4);
    }

    /// <summary>The newest tick among the messages that are complete; -1 when none was a frame.</summary>
    private long TakeMessages()
    {
        long tick = -1;
        int at = 0;
        while (TryReadLength(at, out int header, out int length) && _count - at >= header + length)
        {
            if (_received[at] == Binary && length >= HeaderBytes)
            {
                ReadOnlySpan<byte> frame = _received.AsSpan(at + header, length);
                tick = (long)BinaryPrimitives.ReadDoubleLittleEndian(frame[TickOffset..]);
                _meter.OnFrame(this, BinaryPrimitives.ReadInt64LittleEndian(frame[FramedOffset..]), length);
                Frames++;
            }
            at += header + length;
        }
        Consume(at);
        return tick;
    }

    private bool TryReadLength(int at, out int header, out int length)
    {
        header = 2;
        length = 0;
        int left = _count - at;
        if (left < 2)
        {
            return false;
        }
        length = _received[at + 1] & 0x7F;
        if (length < 126)
        {
            return true;
        }
        header = length == 126 ? 4 : 10;
        if (left < header)
        {
            return false;
        }
        length = header == 4
            ? BinaryPrimitives.ReadUInt16BigEndian(_received.AsSpan(at + 2))
            : (int)BinaryPrimitives.ReadUInt64BigEndian(_received.AsSpan(at + 2));
        return header + length <= _received.Length
            ? true
            : throw new InvalidOperationException($"Cannot view: a message of {length} bytes is larger than the buffer of {_received.Length}.");
    }

    private void Consume(int bytes)
    {
        _received.AsSpan(bytes, _count - bytes).CopyTo(_received);
        _count -= bytes;
    }

    /// <summary>A client's message is masked; a mask of zeros leaves it readable.</summary>
    private Task SendTextAsync(string text)
    {
        int bytes = Encoding.UTF8.GetBytes(text, _sent.AsSpan(8));
        int start = bytes < 126 ? 2 : 0;
        _sent[start] = MaskedText;
        _sent[start + 1] = (byte)(0x80 | Math.Min(bytes, 126));
        if (bytes >= 126)
        {
            BinaryPrimitives.WriteUInt16BigEndian(_sent.AsSpan(2), (ushort)bytes);
        }
        _sent.AsSpan(4, 4).Clear();
        return SendAsync(_sent.AsMemory(start, 8 - start + bytes));
    }

    private async Task SendAsync(ReadOnlyMemory<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            bytes = bytes[await _socket.SendAsync(bytes, SocketFlags.None)..];
        }
    }
}
