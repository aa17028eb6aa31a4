using System.Net.Sockets;
using System.Text;
using Observability.Aggregator.Tests.Diagnostics;

namespace Observability.Aggregator.Tests.Streaming;

/// <summary>A viewer that speaks WebSocket by hand, and answers pings only when it is told to.</summary>
internal sealed class RawViewer : IDisposable
{
    private readonly TcpClient _client = new();
    private readonly NetworkStream _stream;

    private RawViewer(int port)
    {
        _client.Connect("127.0.0.1", port);
        _stream = _client.GetStream();
    }

    /// <summary>While it waits for something else.</summary>
    public bool AnswersPings { get; init; } = true;

    public static async Task<RawViewer> ConnectAsync(RunningAggregator aggregator, bool answersPings = true)
    {
        var viewer = new RawViewer(aggregator.WebPort) { AnswersPings = answersPings };
        await viewer._stream.WriteAsync(Encoding.ASCII.GetBytes(
            $"GET /ws HTTP/1.1\r\nHost: 127.0.0.1:{aggregator.WebPort}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n" +
            "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Protocol: telemetry.v1.binary\r\n\r\n"));
        var answer = new StringBuilder();
        byte[] one = new byte[1];
        while (!answer.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal))
        {
            await viewer._stream.ReadExactlyAsync(one, TestContext.Current.CancellationToken);
            answer.Append((char)one[0]);
        }
        Assert.StartsWith("HTTP/1.1 101", answer.ToString(), StringComparison.Ordinal);
        return viewer;
    }

    public ValueTask SendAsync(byte[] frame) => _stream.WriteAsync(frame, TestContext.Current.CancellationToken);

    /// <summary>The next frame's first byte and payload; null at the end of the connection.</summary>
    public async Task<(byte First, byte[] Payload)?> ReceiveAsync()
    {
        try
        {
            byte[] header = new byte[2];
            await _stream.ReadExactlyAsync(header, TestContext.Current.CancellationToken);
            int length = header[1];
            if (length >= 126)
            {
                byte[] more = new byte[length == 126 ? 2 : 8];
                await _stream.ReadExactlyAsync(more, TestContext.Current.CancellationToken);
                length = more.Aggregate(0, (sum, one) => (sum << 8) | one);
            }
            byte[] payload = new byte[length];
            await _stream.ReadExactlyAsync(payload, TestContext.Current.CancellationToken);
            return (header[0], payload);
        }
        catch (Exception exception) when (exception is IOException)
        {
            return null;
        }
    }

    /// <summary>Reads until a message that is wanted comes.</summary>
    public async Task<byte[]> UntilAsync(byte first, Func<byte[], bool>? where = null) =>
        await UntilOrEndAsync(first, where) ?? throw new IOException("The connection ended before the frame that was waited for.");

    /// <summary>As <see cref="UntilAsync"/>; null when the connection ends before.</summary>
    public async Task<byte[]?> UntilOrEndAsync(byte first, Func<byte[], bool>? where = null)
    {
        while (await ReceiveAsync() is { } frame)
        {
            if (frame.First == first && (where is null || where(frame.Payload)))
            {
                return frame.Payload;
            }
            if (frame.First == 0x89 && AnswersPings)
            {
                await SendAsync(ClientFrames.Frame(0x8A, frame.Payload));
            }
        }
        return null;
    }

    public void Dispose() => _client.Dispose();
}
