using System.Buffers.Text;

namespace Observability.Aggregator.Streaming;

/// <summary>
/// The acknowledgement as most clients write it, <c>{"type":"ack","tick":123}</c>, read without a parser of JSON. Any other way to write it is
/// left to <see cref="ClientMessage"/>. [data plane] Any thread.
/// </summary>
internal static class ClientAck
{
    private static ReadOnlySpan<byte> Opening => "{\"type\":\"ack\",\"tick\":"u8;

    public static bool TryRead(ReadOnlySpan<byte> text, out long tick)
    {
        tick = 0;
        return text.StartsWith(Opening)
            && Utf8Parser.TryParse(text[Opening.Length..], out tick, out int digits)
            && text.Length == Opening.Length + digits + 1
            && text[^1] == (byte)'}'
            && text[Opening.Length] is >= (byte)'0' and <= (byte)'9';
    }
}
