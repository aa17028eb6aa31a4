using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Observability.Stress.Load;

/// <summary>
/// One connection with one Exchange stream, frame by frame over a socket that never blocks: hundreds of agents on one thread, so that the load
/// takes as little as possible of the machine it shares with the server.
/// </summary>
internal sealed class LoadConnection : IDisposable
{
    private const int FrameBytesMax = 16_384;
    private const int FrameHeaderBytes = 9;
    private const int PrefixBytes = 5;
    private const byte Data = 0;
    private const byte Headers = 1;
    private const byte Reset = 3;
    private const byte Settings = 4;
    private const byte Ping = 6;
    private const byte GoAway = 7;
    private const byte WindowUpdate = 8;
    private const byte FlagAck = 1;
    private const byte FlagEndStream = 1;
    private const byte FlagEndHeaders = 4;

    private readonly Socket _socket;
    private readonly byte[] _out = new byte[128 * 1024];
    private readonly byte[] _in = new byte[32 * 1024];
    private int _outStart;
    private int _outEnd;
    private int _inEnd;
    private long _connectionCredit = 65_535;
    private long _streamCredit = 65_535;
    private int _windowAtStart = 65_535;

    public LoadConnection(Uri server)
    {
        _socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        _socket.Connect(IPAddress.Parse(server.Host), server.Port);
        _socket.Blocking = false;
        Append(Encoding.ASCII.GetBytes("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"));
        Frame(Settings, 0, 0, [0, 4, 0x7F, 0xFF, 0xFF, 0xFF]);                       // Acks never wait for a window of ours.
        Frame(WindowUpdate, 0, 0, BigEndian(int.MaxValue - 65_535));
        Frame(Headers, FlagEndHeaders, 1, [.. new[]
        {
            (":method", "POST"), (":scheme", "http"), (":path", "/telemetry.v1.TelemetryIngestor/Exchange"), (":authority", "localhost"),
            ("content-type", "application/grpc"), ("te", "trailers"),
        }.SelectMany(header => (byte[])[0, .. Literal(header.Item1), .. Literal(header.Item2)])]);
    }

    /// <summary>Messages that came back. One Ack may stand for several of ours.</summary>
    public long Acks { get; private set; }

    public long BytesSent { get; private set; }

    /// <summary>Everything written so far is on its way.</summary>
    public bool IsIdle => _outStart == _outEnd;

    /// <summary>Puts a message into what the next <see cref="Pump"/> sends. False: there is no room or no credit for it now.</summary>
    public bool TryWrite(ReadOnlySpan<byte> message)
    {
        int bytes = PrefixBytes + message.Length;
        int frames = ((bytes - 1) / FrameBytesMax) + 1;
        if (_outStart > 0)
        {
            Buffer.BlockCopy(_out, _outStart, _out, 0, _outEnd - _outStart);
            (_outStart, _outEnd) = (0, _outEnd - _outStart);
        }
        if (bytes > Math.Min(_connectionCredit, _streamCredit) || _outEnd + bytes + (frames * FrameHeaderBytes) > _out.Length)
        {
            return false;
        }
        _connectionCredit -= bytes;
        _streamCredit -= bytes;
        int first = Math.Min(FrameBytesMax, bytes);
        Header(Data, 0, 1, first);
        _out[_outEnd] = 0;
        BinaryPrimitives.WriteInt32BigEndian(_out.AsSpan(_outEnd + 1), message.Length);
        _outEnd += PrefixBytes;
        Append(message[..(first - PrefixBytes)]);
        for (ReadOnlySpan<byte> rest = message[(first - PrefixBytes)..]; rest.Length > 0;)
        {
            int taken = Math.Min(FrameBytesMax, rest.Length);
            Header(Data, 0, 1, taken);
            Append(rest[..taken]);
            rest = rest[taken..];
        }
        return true;
    }

    /// <summary>Sends what the socket takes, and reads what has come.</summary>
    public void Pump()
    {
        if (_outStart < _outEnd)
        {
            int sent = _socket.Send(_out.AsSpan(_outStart, _outEnd - _outStart), SocketFlags.None, out SocketError error);
            Check(error);
            _outStart += Math.Max(0, sent);
            BytesSent += Math.Max(0, sent);
        }
        while (true)
        {
            int received = _socket.Receive(_in.AsSpan(_inEnd), SocketFlags.None, out SocketError error);
            if (error == SocketError.WouldBlock)
            {
                return;
            }
            Check(error);
            if (received == 0)
            {
                throw new IOException("Cannot go on: the server closed the connection.");
            }
            _inEnd += received;
            ReadFrames();
        }
    }

    public void Dispose() => _socket.Dispose();

    private void ReadFrames()
    {
        int at = 0;
        while (_inEnd - at >= FrameHeaderBytes)
        {
            int length = BinaryPrimitives.ReadInt32BigEndian(_in.AsSpan(at)) >> 8;
            if (_inEnd - at < FrameHeaderBytes + length)
            {
                break;
            }
            Take(_in[at + 3], _in[at + 4], BinaryPrimitives.ReadInt32BigEndian(_in.AsSpan(at + 5)), _in.AsSpan(at + FrameHeaderBytes, length));
            at += FrameHeaderBytes + length;
        }
        Buffer.BlockCopy(_in, at, _in, 0, _inEnd - at);
        _inEnd -= at;
    }

    private void Take(byte type, byte flags, int stream, ReadOnlySpan<byte> payload)
    {
        switch (type)
        {
            case Data:
                Acks++;
                break;
            case WindowUpdate when stream == 0:
                _connectionCredit += BinaryPrimitives.ReadInt32BigEndian(payload);
                break;
            case WindowUpdate:
                _streamCredit += BinaryPrimitives.ReadInt32BigEndian(payload);
                break;
            case Settings when (flags & FlagAck) == 0:
                ReadSettings(payload);
                Frame(Settings, FlagAck, 0, []);
                break;
            case Ping when (flags & FlagAck) == 0:
                Frame(Ping, FlagAck, 0, payload);
                break;
            case Reset or GoAway:
            case Headers when (flags & FlagEndStream) != 0:
                throw new IOException($"Cannot go on: the server ended the stream: {Encoding.ASCII.GetString(payload)}.");
        }
    }

    private void ReadSettings(ReadOnlySpan<byte> payload)
    {
        const int InitialWindowSize = 4;
        for (; payload.Length >= 6; payload = payload[6..])
        {
            if (BinaryPrimitives.ReadUInt16BigEndian(payload) == InitialWindowSize)
            {
                int window = BinaryPrimitives.ReadInt32BigEndian(payload[2..]);
                _streamCredit += window - _windowAtStart;
                _windowAtStart = window;
            }
        }
    }

    private void Frame(byte type, byte flags, int stream, ReadOnlySpan<byte> payload)
    {
        Header(type, flags, stream, payload.Length);
        Append(payload);
    }

    private void Header(byte type, byte flags, int stream, int length)
    {
        BinaryPrimitives.WriteInt32BigEndian(_out.AsSpan(_outEnd), length << 8);
        _out[_outEnd + 3] = type;
        _out[_outEnd + 4] = flags;
        BinaryPrimitives.WriteInt32BigEndian(_out.AsSpan(_outEnd + 5), stream);
        _outEnd += FrameHeaderBytes;
    }

    private void Append(ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(_out.AsSpan(_outEnd));
        _outEnd += bytes.Length;
    }

    private static byte[] BigEndian(int value)
    {
        byte[] bytes = new byte[4];
        BinaryPrimitives.WriteInt32BigEndian(bytes, value);
        return bytes;
    }

    private static byte[] Literal(string text) => [(byte)text.Length, .. Encoding.ASCII.GetBytes(text)];

    private static void Check(SocketError error)
    {
        if (error is not (SocketError.Success or SocketError.WouldBlock))
        {
            throw new SocketException((int)error);
        }
    }
}
