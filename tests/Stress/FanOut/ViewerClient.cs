using System.Buffers.Binary;
using System.Globalization;
using System.Net.Sockets;
using System.Text;

namespace Observability.Stress.FanOut;

/// <summary>
/// One viewer of the live stream, as cheap as it can be made: the WebSocket protocol (RFC 6455) by hand over a socket, without looking
/// into a frame further than its header. It acknowledges every second frame, as the page does after painting.
/// </summary>
internal sealed class ViewerClient : IDisposable
{
    private const int HeaderBytes = 64;
    private const int TickOffset = 16;
    private const int FramedOffset = 24;
    private const byte Binary = 0x82;
    private const int FramesPerAck = 2;
    private const byte Ping = 0x89;
    private const byte MaskedText = 0x81;
    private const byte MaskedPong = 0x8A;

    private readonly Socket _socket = new(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
    private readonly FanOutMeter _meter;
    private readonly byte[] _received = new byte[256 * 1024];
    private readonly byte[] _sent = new byte[256];
    private int _count;
    private long _tick = -1;
    private int _unacked;
    private volatile TaskCompletionSource? _stopped;

    private ViewerClient(FanOutMeter meter) => _meter = meter;

    public long Frames { get; private set; }

    /// <summary><paramref name="receiveBytes"/>: what the system keeps for it while it does not read; null: as much as the system likes.</summary>
    public static async Task<ViewerClient> ConnectAsync(Uri web, string selector, FanOutMeter meter, int? receiveBytes = null)
    {
        var client = new ViewerClient(meter);
        if (receiveBytes is { } bytes)
        {
            client._socket.ReceiveBufferSize = bytes;
        }
        await client._socket.ConnectAsync(web.Host, web.Port);
        await client.SendAsync(Encoding.ASCII.GetBytes(
            $"GET /ws HTTP/1.1\r\nHost: {web.Authority}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n" +
            "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Protocol: telemetry.v1.binary\r\n\r\n"));
        await client.ReadAnswerAsync();
        string escaped = selector.Replace("\"", "\\\"", StringComparison.Ordinal);
        await client.SendTextAsync($"{{\"type\":\"subscribe\",\"id\":1,\"selector\":\"{escaped}\",\"rate\":60}}");
        return client;
    }

    /// <summary>Nothing is read any more until <see cref="ReadOn"/>; the connection stays.</summary>
    public void StopReading() => _stopped = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);

    public void ReadOn()
    {
        TaskCompletionSource? stopped = _stopped;
        _stopped = null;
        stopped?.SetResult();
    }

    public async Task RunAsync()
    {
        try
        {
            while (true)
            {
                if (_stopped is { } stopped)
                {
                    await stopped.Task;
                }
                int read = await _socket.ReceiveAsync(_received.AsMemory(_count), SocketFlags.None);
                if (read == 0)
                {
                    return;
                }
                _count += read;
                int answer = TakeMessages();
                if (_unacked >= FramesPerAck)
                {
                    _unacked = 0;
                    answer += WriteAck(_sent.AsSpan(answer));
                }
                if (answer > 0)
                {
                    await SendAsync(_sent.AsMemory(0, answer));
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

    /// <summary>Returns the bytes of an answer to a ping among them.</summary>
    private int TakeMessages()
    {
        int answer = 0;
        int at = 0;
        while (TryReadLength(at, out int header, out int length) && _count - at >= header + length)
        {
            ReadOnlySpan<byte> payload = _received.AsSpan(at + header, length);
            if (_received[at] == Binary && length >= HeaderBytes)
            {
                _tick = (long)BinaryPrimitives.ReadDoubleLittleEndian(payload[TickOffset..]);
                _meter.OnFrame(this, BinaryPrimitives.ReadInt64LittleEndian(payload[FramedOffset..]), length);
                Frames++;
                _unacked++;
            }
            else if (_received[at] == Ping)
            {
                answer = Write(_sent, MaskedPong, payload);
            }
            at += header + length;
        }
        Consume(at);
        return answer;
    }

    private int WriteAck(Span<byte> destination)
    {
        Span<byte> text = stackalloc byte[64];
        System.Text.Unicode.Utf8.TryWrite(text, CultureInfo.InvariantCulture, $"{{\"type\":\"ack\",\"tick\":{_tick}}}", out int bytes);
        return Write(destination, MaskedText, text[..bytes]);
    }

    /// <summary>A client's frame is masked; a mask of zeros leaves it readable.</summary>
    private static int Write(Span<byte> destination, byte first, ReadOnlySpan<byte> payload)
    {
        int length = payload.Length < 126 ? 2 : 4;
        destination[0] = first;
        destination[1] = (byte)(0x80 | Math.Min(payload.Length, 126));
        if (length == 4)
        {
            BinaryPrimitives.WriteUInt16BigEndian(destination[2..], (ushort)payload.Length);
        }
        destination.Slice(length, 4).Clear();
        payload.CopyTo(destination[(length + 4)..]);
        return length + 4 + payload.Length;
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

    private ValueTask SendTextAsync(string text) => SendAsync(_sent.AsMemory(0, Write(_sent, MaskedText, Encoding.UTF8.GetBytes(text))));

    private async ValueTask SendAsync(ReadOnlyMemory<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            bytes = bytes[await _socket.SendAsync(bytes, SocketFlags.None)..];
        }
    }
}
