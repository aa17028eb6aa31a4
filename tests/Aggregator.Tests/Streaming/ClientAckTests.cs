using System.Text;
using Observability.Aggregator.Streaming.Connections;

namespace Observability.Aggregator.Tests.Streaming;

public sealed class ClientAckTests
{
    [Theory]
    [InlineData("""{"type":"ack","tick":0}""", 0L)]
    [InlineData("""{"type":"ack","tick":9007199254740991}""", 9007199254740991L)]
    [InlineData("""{"type":"ack","tick":9223372036854775807}""", long.MaxValue)]
    public void TryRead_AsMostWriteIt_IsRead(string text, long expected)
    {
        Assert.True(ClientAck.TryRead(Encoding.UTF8.GetBytes(text), out long tick));
        Assert.Equal(expected, tick);
    }

    [Theory]
    [InlineData("""{"type":"ack","tick":-1}""")]
    [InlineData("""{"type":"ack","tick":+1}""")]
    [InlineData("""{"type":"ack","tick":1.5}""")]
    [InlineData("""{"type":"ack","tick":12,"x":1}""")]
    [InlineData("""{"type":"ack","tick":12} """)]
    [InlineData("""{"type":"ack","tick":}""")]
    [InlineData("""{"type":"ack","tick":9223372036854775808}""")]
    [InlineData("""{"type":"ack","tick":1""")]
    [InlineData("""{"tick":1,"type":"ack"}""")]
    public void TryRead_AnythingElse_IsLeftToTheParser(string text) => Assert.False(ClientAck.TryRead(Encoding.UTF8.GetBytes(text), out _));

    [Fact]
    public void TryRead_AllocatesNothing()
    {
        byte[] text = Encoding.UTF8.GetBytes("""{"type":"ack","tick":123456}""");
        ClientAck.TryRead(text, out _);
        AllocationMeter meter = AllocationMeter.Start();
        long sum = 0;
        for (int i = 0; i < 10_000; i++)
        {
            ClientAck.TryRead(text, out long tick);
            sum += tick;
        }
        meter.AssertNothing();
        Assert.Equal(1_234_560_000, sum);
    }
}
