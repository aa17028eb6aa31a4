using System.Buffers.Binary;
using System.Numerics;

namespace Observability.Protocol;

/// <summary>
/// The framed form of snappy, which is what gRPC's "snappy" is in the field: a stream of chunks, each with a type, a length of three
/// bytes and, when it holds data, a masked CRC-32C of the decoded bytes.
/// </summary>
internal static class SnappyFrame
{
    public const int ChunkHeaderBytes = 4;
    public const int ChecksumBytes = 4;

    /// <summary>A chunk decodes to at most this.</summary>
    public const int ChunkDecodedBytesMax = SnappyBlockEncoder.BlockBytesMax;

    public const byte CompressedChunk = 0x00;
    public const byte PlainChunk = 0x01;
    public const byte IdentifierChunk = 0xff;

    /// <summary>Reserved types from here on may be skipped; those below may not.</summary>
    public const byte SkippableFrom = 0x80;

    /// <summary>The chunk that every stream begins with. No block can begin like this: it would copy from before its own start.</summary>
    public static ReadOnlySpan<byte> Identifier => [IdentifierChunk, 6, 0, 0, (byte)'s', (byte)'N', (byte)'a', (byte)'P', (byte)'p', (byte)'Y'];

    public static void WriteChunkHeader(Span<byte> destination, byte type, int bytes)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(destination, ((uint)bytes << 8) | type);
    }

    public static void ReadChunkHeader(ReadOnlySpan<byte> source, out byte type, out int bytes)
    {
        uint header = BinaryPrimitives.ReadUInt32LittleEndian(source);
        type = (byte)header;
        bytes = (int)(header >> 8);
    }

    /// <summary>CRC-32C, turned and shifted so that a checksum of checksums stays a good one.</summary>
    public static uint Checksum(ReadOnlySpan<byte> decoded)
    {
        uint crc = uint.MaxValue;
        while (decoded.Length >= sizeof(ulong))
        {
            crc = BitOperations.Crc32C(crc, BinaryPrimitives.ReadUInt64LittleEndian(decoded));
            decoded = decoded[sizeof(ulong)..];
        }
        foreach (byte octet in decoded)
        {
            crc = BitOperations.Crc32C(crc, octet);
        }
        return BitOperations.RotateRight(~crc, 15) + 0xa282ead8;
    }
}
