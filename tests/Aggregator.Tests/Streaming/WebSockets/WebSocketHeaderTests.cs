using Observability.Aggregator.Streaming.WebSockets;

namespace Observability.Aggregator.Tests.Streaming.WebSockets;

public sealed class WebSocketHeaderTests
{
    [Theory]
    [InlineData(0, "8200")]
    [InlineData(125, "827D")]
    [InlineData(126, "827E007E")]
    [InlineData(65_535, "827EFFFF")]
    [InlineData(65_536, "827F0000000000010000")]
    public void Write_AroundTheBoundsOfLengths_WritesTheShortestForm(int payloadBytes, string expected)
    {
        byte[] bytes = new byte[WebSocketHeader.SizeMax];
        int size = WebSocketHeader.Write(bytes, Opcode.Binary, isFinal: true, isCompressed: false, payloadBytes);
        Assert.Equal(expected, Convert.ToHexString(bytes.AsSpan(0, size)));
        Assert.Equal(size, WebSocketHeader.SizeFor(payloadBytes));
    }

    [Theory]
    [InlineData(true, true, 0xC1)]
    [InlineData(false, true, 0x41)]
    [InlineData(false, false, 0x01)]
    public void Write_Flags_StandInTheFirstByte(bool isFinal, bool isCompressed, byte expected)
    {
        byte[] bytes = new byte[WebSocketHeader.SizeMax];
        WebSocketHeader.Write(bytes, Opcode.Text, isFinal, isCompressed, 1);
        Assert.Equal(expected, bytes[0]);
    }

    [Fact]
    public void AcceptFor_TheExampleOfTheStandard_IsItsAnswer() =>
        Assert.Equal("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", WebSocketHandshake.AcceptFor("dGhlIHNhbXBsZSBub25jZQ=="));

    [Theory]
    [InlineData("permessage-deflate", true)]
    [InlineData("permessage-deflate; client_max_window_bits", true)]
    [InlineData("x-other, permessage-deflate; client_max_window_bits=10; server_no_context_takeover", true)]
    [InlineData("permessage-deflate; server_max_window_bits=15", true)]
    [InlineData("permessage-deflate; server_max_window_bits=10", false)]
    [InlineData("permessage-deflate; server_max_window_bits=10, permessage-deflate", true)]
    [InlineData("permessage-deflate; client_max_window_bits=7", false)]
    [InlineData("permessage-deflate; surprise", false)]
    [InlineData("permessage-deflate; client_max_window_bits; client_max_window_bits=9", false)]
    [InlineData("permessage-bzip2", false)]
    [InlineData("", false)]
    public void IsOffered_OnlyWhatCanBeMet(string header, bool expected) => Assert.Equal(expected, PerMessageDeflate.IsOffered([header]));
}
