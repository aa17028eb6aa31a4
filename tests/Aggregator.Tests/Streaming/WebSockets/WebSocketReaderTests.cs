using System.IO.Compression;
using System.Net.WebSockets;
using System.Text;
using Observability.Aggregator.Streaming.WebSockets;

namespace Observability.Aggregator.Tests.Streaming.WebSockets;

public sealed class WebSocketReaderTests
{
    private const int BytesMax = 70_000;

    public static TheoryData<int> Sizes => [0, 1, 7, 8, 9, 125, 126, 127, 4096, 65_535, 65_536, BytesMax];

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
        { "highest bit of the length", [0x81, 0xFF, 0x80, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4], WebSocketCloseStatus.ProtocolError },
        { "no UTF-8", ClientFrames.Frame(0x81, [0xC3, 0x28]), WebSocketCloseStatus.InvalidPayloadData },
        { "one byte too many", ClientFrames.Frame(0x81, new byte[BytesMax + 1]), WebSocketCloseStatus.MessageTooBig },
        { "too many in fragments", [.. ClientFrames.Frame(0x01, new byte[BytesMax]), .. ClientFrames.Frame(0x80, [1])], WebSocketCloseStatus.MessageTooBig },
        { "a length beyond memory", [0x81, 0xFF, 0x7F, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4], WebSocketCloseStatus.MessageTooBig },
    };

    [Theory]
    [MemberData(nameof(Sizes))]
    public async Task Receive_EverySizeInPiecesOfEverySize_GivesBackWhatWasSent(int size)
    {
        string text = string.Concat(Enumerable.Range(0, size).Select(index => (char)('a' + (index % 26))));
        foreach (int piece in new[] { 1, 3, 1000, int.MaxValue })
        {
            WebSocketReader reader = Reader([.. ClientFrames.Text(text), .. ClientFrames.Text("next")], piece);

            WebSocketMessage message = await ReceiveAsync(reader);

            Assert.Equal((Opcode.Text, text), (message.Opcode, Encoding.UTF8.GetString(message.Payload.Span)));
            Assert.Equal("next", Encoding.UTF8.GetString((await ReceiveAsync(reader)).Payload.Span));
            Assert.True((await ReceiveAsync(reader)).IsEnd);
        }
    }

    [Fact]
    public async Task Receive_FragmentsWithAPingBetween_GivesThePingAndThenTheWholeMessage()
    {
        // A character of two bytes is cut in two, which only the whole message shows to be UTF-8.
        byte[] text = "größe"u8.ToArray();
        WebSocketReader reader = Reader(
            [.. ClientFrames.Frame(0x01, text[..3]), .. ClientFrames.Frame(0x89, [9, 8]), .. ClientFrames.Frame(0x00, text[3..4]), .. ClientFrames.Frame(0x80, text[4..])], 5);

        WebSocketMessage ping = await ReceiveAsync(reader);
        Assert.Equal((Opcode.Ping, "0908"), (ping.Opcode, Convert.ToHexString(ping.Payload.Span)));
        WebSocketMessage message = await ReceiveAsync(reader);
        Assert.Equal((Opcode.Text, "größe"), (message.Opcode, Encoding.UTF8.GetString(message.Payload.Span)));
    }

    [Theory]
    [MemberData(nameof(Wrong))]
    public async Task Receive_WhatBreaksTheProtocolOrALimit_RefusesWithItsStatus(string what, byte[] bytes, WebSocketCloseStatus expected)
    {
        foreach (int piece in new[] { 1, int.MaxValue })
        {
            WebSocketReader reader = Reader(bytes, piece);
            WebSocketMessage message = await ReceiveAsync(reader);

            Assert.True(message.Refusal == expected, $"{what}: {message.Refusal} ({message.Reason})");
            Assert.Null(message.Opcode);
            Assert.True(Encoding.UTF8.GetByteCount(message.Reason) is > 0 and <= 123);
        }
    }

    [Fact]
    public async Task Receive_AfterAMessageThatWasTooBig_StillFindsTheCloseFrame()
    {
        WebSocketReader reader = Reader([.. ClientFrames.Frame(0x81, new byte[BytesMax + 1]), .. ClientFrames.Frame(0x88, [0x03, 0xE8])], 1000);

        Assert.Equal(WebSocketCloseStatus.MessageTooBig, (await ReceiveAsync(reader)).Refusal);
        Assert.Equal(Opcode.Close, (await ReceiveAsync(reader)).Opcode);
    }

    [Fact]
    public async Task Receive_Compressed_InflatesUpToTheLimitAndNotBeyond()
    {
        foreach ((int size, bool fits) in new[] { (BytesMax, true), (BytesMax + 1, false), (50_000_000, false) })
        {
            WebSocketReader reader = Reader(ClientFrames.Frame(0xC1, Deflate(Enumerable.Repeat((byte)'x', size).ToArray())), 1000, compresses: true);
            WebSocketMessage message = await ReceiveAsync(reader);
            Assert.Equal(fits ? null : WebSocketCloseStatus.MessageTooBig, message.Refusal);
            Assert.Equal(fits ? size : 0, message.Payload.Length);
        }
        Assert.Equal(
            WebSocketCloseStatus.InvalidPayloadData, (await ReceiveAsync(Reader(ClientFrames.Frame(0xC1, [0xFF, 0xFF, 0xFF]), 9, compresses: true))).Refusal);
    }

    /// <summary>As a client compresses a message: flushed, without the four bytes that every flush ends with.</summary>
    private static byte[] Deflate(byte[] bytes)
    {
        using var target = new MemoryStream();
        using var deflate = new DeflateStream(target, CompressionLevel.Optimal, leaveOpen: true);
        deflate.Write(bytes);
        deflate.Flush();
        return target.ToArray()[..^4];
    }

    private static ValueTask<WebSocketMessage> ReceiveAsync(WebSocketReader reader) => reader.ReceiveAsync(TestContext.Current.CancellationToken);

    private static WebSocketReader Reader(byte[] bytes, int pieceMax, bool compresses = false)
    {
        int at = 0;
        return new WebSocketReader(
            (buffer, _) =>
            {
                int count = Math.Min(Math.Min(buffer.Length, pieceMax), bytes.Length - at);
                bytes.AsMemory(at, count).CopyTo(buffer);
                at += count;
                return new ValueTask<int>(count);
            },
            BytesMax,
            compresses);
    }
}
