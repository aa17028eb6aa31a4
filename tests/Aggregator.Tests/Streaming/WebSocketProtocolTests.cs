using System.Net.WebSockets;
using System.Text;
using System.Text.Json;
using Observability.Aggregator.Streaming;
using Observability.Aggregator.Tests.Diagnostics;

namespace Observability.Aggregator.Tests.Streaming;

/// <summary>What a client of the live stream may rely on, whoever implements RFC 6455 behind the port: fragments, control frames, close codes, limits.</summary>
public sealed class WebSocketProtocolTests
{
    private const string Ping = """{"type":"ping","t":7}""";
    private static readonly int BytesMax = new StreamingOptions().ControlMessageBytesMax;

    public static TheoryData<string, byte[], WebSocketCloseStatus> Wrong => new()
    {
        { "not masked", ClientFrames.Frame(0x81, [1, 2], isMasked: false), WebSocketCloseStatus.ProtocolError },
        { "opcode 3", ClientFrames.Frame(0x83, []), WebSocketCloseStatus.ProtocolError },
        { "opcode 11", ClientFrames.Frame(0x8B, []), WebSocketCloseStatus.ProtocolError },
        { "reserved bit 2", ClientFrames.Frame(0xA1, []), WebSocketCloseStatus.ProtocolError },
        { "compressed without agreement", ClientFrames.Frame(0xC1, []), WebSocketCloseStatus.ProtocolError },
        { "fragment of a ping", ClientFrames.Frame(0x09, []), WebSocketCloseStatus.ProtocolError },
        { "long ping", ClientFrames.Frame(0x89, new byte[126]), WebSocketCloseStatus.ProtocolError },
        { "continuation of nothing", ClientFrames.Frame(0x80, [1]), WebSocketCloseStatus.ProtocolError },
        { "text within a text", [.. ClientFrames.Text("a", 0x01), .. ClientFrames.Text("b")], WebSocketCloseStatus.ProtocolError },
        { "no UTF-8", ClientFrames.Frame(0x81, [0xC3, 0x28]), WebSocketCloseStatus.InvalidPayloadData },
        { "one byte too many", ClientFrames.Frame(0x81, Enumerable.Repeat((byte)'x', BytesMax + 1).ToArray()), WebSocketCloseStatus.MessageTooBig },
        {
            "too many in fragments",
            [.. ClientFrames.Frame(0x01, Enumerable.Repeat((byte)'x', BytesMax).ToArray()), .. ClientFrames.Frame(0x80, [(byte)'x'])], WebSocketCloseStatus.MessageTooBig
        },
        { "binary", ClientFrames.Frame(0x82, [1, 2, 3]), WebSocketCloseStatus.InvalidMessageType },
    };

    [Theory]
    [MemberData(nameof(Wrong))]
    public async Task Connection_ThatBreaksTheProtocolOrALimit_IsClosedWithItsStatusAndOthersGoOn(string what, byte[] bytes, WebSocketCloseStatus expected)
    {
        await using RunningAggregator aggregator = await RunningAggregator.StartAsync();
        using RawViewer other = await RawViewer.ConnectAsync(aggregator);
        using (RawViewer wrong = await RawViewer.ConnectAsync(aggregator))
        {
            await wrong.SendAsync(bytes);
            // The server closes with bytes of ours unread, which may cost its close frame on the way: then the connection just ends.
            byte[]? close = await wrong.UntilOrEndAsync(0x88);
            Assert.True(close is null || (close[0] << 8 | close[1]) == (int)expected, $"{what}: closed with {close?[0] << 8 | close?[1]}");
        }
        await other.SendAsync(ClientFrames.Text(Ping));
        Assert.Equal(7, await PongAsync(other));
    }

    [Fact]
    public async Task Message_InFragmentsWithAPingBetween_IsPutTogetherAndThePingAnswered()
    {
        await using RunningAggregator aggregator = await RunningAggregator.StartAsync();
        using RawViewer viewer = await RawViewer.ConnectAsync(aggregator);
        // A character of two bytes is cut in two, which only the whole message shows to be UTF-8.
        byte[] text = Encoding.UTF8.GetBytes("""{"type":"ping","ö":1,"t":7}""");
        int inside = Array.IndexOf(text, (byte)0xC3) + 1;
        await viewer.SendAsync(
            [.. ClientFrames.Frame(0x01, text[..inside]), .. ClientFrames.Frame(0x89, [9, 8]), .. ClientFrames.Frame(0x00, text[inside..^3]), .. ClientFrames.Frame(0x80, text[^3..])]);
        Assert.Equal("0908", Convert.ToHexString(await viewer.UntilAsync(0x8A)));
        Assert.Equal(7, await PongAsync(viewer));
    }

    [Fact]
    public async Task Message_AtTheLimitOfItsSize_IsTaken()
    {
        await using RunningAggregator aggregator = await RunningAggregator.StartAsync();
        using RawViewer viewer = await RawViewer.ConnectAsync(aggregator);
        await viewer.SendAsync(ClientFrames.Text(Ping.PadRight(BytesMax)));
        Assert.Equal(7, await PongAsync(viewer));
    }

    private static async Task<int> PongAsync(RawViewer viewer) => JsonDocument.Parse(
        await viewer.UntilAsync(0x81, payload => Encoding.UTF8.GetString(payload).Contains("pong", StringComparison.Ordinal))).RootElement.GetProperty("t").GetInt32();
}
