using System.Buffers.Binary;

namespace Observability.Aggregator.Streaming.WebSockets;

/// <summary>
/// The header of a frame from a server (RFC 6455, 5.2). It is not masked, so header and payload are the same bytes for every client.
/// [data plane] Any thread.
/// </summary>
internal static class WebSocketHeader
{
    public const int SizeMax = 10;

    private const byte Final = 0x80;
    private const byte Compressed = 0x40;
    private const int Length7Max = 125;
    private const byte Length16Follows = 126;
    private const byte Length64Follows = 127;

    public static int SizeFor(int payloadBytes) => payloadBytes switch
    {
        <= Length7Max => 2,
        <= ushort.MaxValue => 4,
        _ => SizeMax,
    };

    /// <summary>Returns the bytes written. <paramref name="isCompressed"/> is set on the first frame of a message only (RFC 7692, 6).</summary>
    public static int Write(Span<byte> destination, Opcode opcode, bool isFinal, bool isCompressed, int payloadBytes)
    {
        destination[0] = (byte)((byte)opcode | (isFinal ? Final : 0) | (isCompressed ? Compressed : 0));
        int size = SizeFor(payloadBytes);
        if (size == 2)
        {
            destination[1] = (byte)payloadBytes;
        }
        else if (size == 4)
        {
            destination[1] = Length16Follows;
            BinaryPrimitives.WriteUInt16BigEndian(destination[2..], (ushort)payloadBytes);
        }
        else
        {
            destination[1] = Length64Follows;
            BinaryPrimitives.WriteUInt64BigEndian(destination[2..], (ulong)payloadBytes);
        }
        return size;
    }
}
