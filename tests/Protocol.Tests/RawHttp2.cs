using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Observability.Protocol.Tests;

/// <summary>One HTTP/2 connection frame by frame, for peers that misbehave. Headers are sent as plain literals.</summary>
internal sealed class RawHttp2 : IDisposable
{
    public const byte Data = 0;
    public const byte Headers = 1;
    public const byte Reset = 3;
    public const byte Settings = 4;
    public const byte Ping = 6;
    public const byte GoAway = 7;

    public const byte EndStream = 1;
    public const byte Ack = 1;
    private const byte EndHeaders = 4;

    private static readonly byte[] Preface = Encoding.ASCII.GetBytes("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");

    private readonly Socket _socket;
    private readonly NetworkStream _stream;

    private RawHttp2(Socket socket)
    {
        _socket = socket;
        _socket.NoDelay = true;
        _stream = new NetworkStream(socket, ownsSocket: true);
    }

    private static CancellationToken Stop => TestLimit.Token;

    public static async Task<RawHttp2> ConnectAsync(Uri address)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(IPAddress.Parse(address.Host), address.Port, Stop);
        var connection = new RawHttp2(socket);
        await connection._stream.WriteAsync(Preface, Stop);
        await connection.SendAsync(Settings, 0, 0, []);
        return connection;
    }

    /// <summary>Takes a client's connection and answers its settings.</summary>
    public static async Task<RawHttp2> AcceptAsync(TcpListener listener)
    {
        var connection = new RawHttp2(await listener.AcceptSocketAsync(Stop));
        await connection._stream.ReadExactlyAsync(new byte[Preface.Length], Stop);
        await connection.SendAsync(Settings, 0, 0, []);
        return connection;
    }

    public async Task SendAsync(byte type, byte flags, int stream, byte[] payload)
    {
        byte[] frame = new byte[9 + payload.Length];
        BinaryPrimitives.WriteInt32BigEndian(frame, payload.Length << 8);
        frame[3] = type;
        frame[4] = flags;
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(5), stream);
        payload.CopyTo(frame, 9);
        await _stream.WriteAsync(frame, Stop);
    }

    public Task SendHeadersAsync(int stream, byte flags, params (string Name, string Value)[] headers) =>
        SendAsync(Headers, (byte)(flags | EndHeaders), stream, [.. headers.SelectMany(header => (byte[])[0, .. Literal(header.Name), .. Literal(header.Value)])]);

    /// <summary>The request headers of a gRPC call.</summary>
    public Task SendCallAsync(int stream, string path, params (string Name, string Value)[] more) => SendHeadersAsync(
        stream, 0,
        [(":method", "POST"), (":scheme", "http"), (":path", path), (":authority", "localhost"), ("content-type", "application/grpc"), ("te", "trailers"), .. more]);

    public Task SendResetAsync(int stream, int code) => SendAsync(Reset, 0, stream, BigEndian(code));

    public Task SendGoAwayAsync(int lastStream, int code) => SendAsync(GoAway, 0, 0, [.. BigEndian(lastStream), .. BigEndian(code)]);

    /// <summary>The next frame that is neither settings nor a window update; pings are answered on the way.</summary>
    public async Task<(byte Type, byte Flags, int Stream, byte[] Payload)> ReceiveAsync(bool answerPings = true)
    {
        const byte WindowUpdate = 8;
        while (true)
        {
            byte[] header = new byte[9];
            await _stream.ReadExactlyAsync(header, Stop);
            byte[] payload = new byte[BinaryPrimitives.ReadInt32BigEndian(header) >> 8];
            await _stream.ReadExactlyAsync(payload, Stop);
            switch (header[3])
            {
                case Settings when (header[4] & Ack) == 0:
                    await SendAsync(Settings, Ack, 0, []);
                    break;
                case Ping when answerPings && (header[4] & Ack) == 0:
                    await SendAsync(Ping, Ack, 0, payload);
                    break;
                case Settings or WindowUpdate or Ping:
                    break;
                default:
                    return (header[3], header[4], BinaryPrimitives.ReadInt32BigEndian(header.AsSpan(5)), payload);
            }
        }
    }

    /// <summary>Reads frames until one of this type comes on this stream.</summary>
    public async Task<byte[]> ReceiveAsync(byte type, int stream)
    {
        while (true)
        {
            (byte Type, byte Flags, int Stream, byte[] Payload) frame = await ReceiveAsync();
            if (frame.Type == type && frame.Stream == stream)
            {
                return frame.Payload;
            }
        }
    }

    public static byte[] BigEndian(int value)
    {
        byte[] bytes = new byte[4];
        BinaryPrimitives.WriteInt32BigEndian(bytes, value);
        return bytes;
    }

    public void Dispose() => _stream.Dispose();

    private static byte[] Literal(string text)
    {
        byte[] bytes = Encoding.ASCII.GetBytes(text);
        Assert.InRange(bytes.Length, 0, 126);
        return [(byte)bytes.Length, .. bytes];
    }
}
