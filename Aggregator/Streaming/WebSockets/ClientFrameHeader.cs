using System.Buffers.Binary;

namespace Observability.Aggregator.Streaming.WebSockets;

/// <summary>The header of a frame from a client, read and judged (RFC 6455, 5.2).</summary>
internal readonly record struct ClientFrameHeader(Opcode Opcode, bool IsFinal, bool IsCompressed, long PayloadBytes, uint Mask, int Size)
{
    public const int SizeMax = 14;

    private const int ControlPayloadBytesMax = 125;

    public bool IsControl => (byte)Opcode >= 8;

    /// <summary>False: more bytes are needed, or, with an error, it breaks the protocol.</summary>
    public static bool TryRead(ReadOnlySpan<byte> bytes, bool allowsCompression, out ClientFrameHeader header, out string? error)
    {
        header = default;
        error = null;
        if (bytes.Length < 2)
        {
            return false;
        }
        var opcode = (Opcode)(bytes[0] & 0x0F);
        bool isFinal = (bytes[0] & 0x80) != 0;
        bool isCompressed = (bytes[0] & 0x40) != 0;
        int length = bytes[1] & 0x7F;
        header = new ClientFrameHeader(opcode, isFinal, isCompressed, length, 0, 0);
        error = Judge(header, bytes[0], bytes[1], allowsCompression);
        if (error is not null)
        {
            return false;
        }
        int lengthBytes = length switch { 126 => 2, 127 => 8, _ => 0 };
        if (bytes.Length < 6 + lengthBytes)
        {
            return false;
        }
        ulong payloadBytes = lengthBytes switch
        {
            2 => BinaryPrimitives.ReadUInt16BigEndian(bytes[2..]),
            8 => BinaryPrimitives.ReadUInt64BigEndian(bytes[2..]),
            _ => (ulong)length,
        };
        if (payloadBytes > long.MaxValue)
        {
            error = "A frame's length has its highest bit set.";
            return false;
        }
        uint mask = BinaryPrimitives.ReadUInt32LittleEndian(bytes[(2 + lengthBytes)..]);
        header = new ClientFrameHeader(opcode, isFinal, isCompressed, (long)payloadBytes, mask, 6 + lengthBytes);
        return true;
    }

    /// <summary>Undoes the mask, in place.</summary>
    public void Unmask(Span<byte> payload)
    {
        int index = 0;
        ulong mask = Mask | ((ulong)Mask << 32);
        for (; index + 8 <= payload.Length; index += 8)
        {
            Span<byte> eight = payload.Slice(index, 8);
            BinaryPrimitives.WriteUInt64LittleEndian(eight, BinaryPrimitives.ReadUInt64LittleEndian(eight) ^ mask);
        }
        for (; index < payload.Length; index++)
        {
            payload[index] ^= (byte)(Mask >> (8 * (index & 3)));
        }
    }

    private static string? Judge(in ClientFrameHeader header, byte first, byte second, bool allowsCompression)
    {
        bool isKnown = header.Opcode is Opcode.Continuation or Opcode.Text or Opcode.Binary or Opcode.Close or Opcode.Ping or Opcode.Pong;
        if (!isKnown)
        {
            return $"A frame has the unknown opcode {(int)header.Opcode}.";
        }
        if ((first & 0x30) != 0 || (header.IsCompressed && (!allowsCompression || header.Opcode is not (Opcode.Text or Opcode.Binary))))
        {
            return "A frame has reserved bits set that were not agreed upon.";
        }
        if ((second & 0x80) == 0)
        {
            return "A frame of a client must be masked.";
        }
        return header.IsControl && (!header.IsFinal || header.PayloadBytes > ControlPayloadBytesMax)
            ? $"A control frame must be whole and have at most {ControlPayloadBytesMax} bytes."
            : null;
    }
}
