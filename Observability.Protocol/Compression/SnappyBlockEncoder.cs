using System.Buffers.Binary;
using System.Numerics;

namespace Observability.Protocol;

/// <summary>
/// Encodes one snappy block of at most <see cref="BlockBytesMax"/> bytes, greedily, with one table of where each four bytes were last
/// seen. One owner; the table is reused, nothing is allocated per block.
/// </summary>
internal sealed class SnappyBlockEncoder
{
    public const int BlockBytesMax = 64 * 1024;

    private const int TableBits = 14;
    private const int MatchBytesMin = 4;
    private const int CopyBytesMax = 64;
    private const int TailBytes = 15;                   // the last bytes are literals: no look-ahead past the end

    private readonly ushort[] _lastSeen = new ushort[1 << TableBits];

    /// <summary>Room that a block of this size may need in the worst case.</summary>
    public static int EncodedBytesMax(int blockBytes) => 32 + blockBytes + (blockBytes / 6);

    /// <returns>How many bytes were written.</returns>
    public int Encode(ReadOnlySpan<byte> block, Span<byte> destination)
    {
        int written = WriteLength(destination, block.Length);
        int literalStart = 0;
        int position = 1;
        Array.Clear(_lastSeen);
        while (position < block.Length - TailBytes)
        {
            uint word = BinaryPrimitives.ReadUInt32LittleEndian(block[position..]);
            ref ushort slot = ref _lastSeen[(word * 0x9E3779B1u) >> (32 - TableBits)];
            int candidate = slot;
            slot = (ushort)position;
            if (BinaryPrimitives.ReadUInt32LittleEndian(block[candidate..]) != word)
            {
                // The longer nothing repeats, the larger the steps: what does not compress costs little.
                position += 1 + ((position - literalStart) >> 5);
                continue;
            }
            written += WriteLiteral(destination[written..], block[literalStart..position]);
            int length = MatchBytesMin + block[(candidate + MatchBytesMin)..].CommonPrefixLength(block[(position + MatchBytesMin)..]);
            written += WriteCopy(destination[written..], position - candidate, length);
            position += length;
            literalStart = position;
        }
        return written + WriteLiteral(destination[written..], block[literalStart..]);
    }

    private static int WriteLength(Span<byte> destination, int length)
    {
        int count = 0;
        uint rest = (uint)length;
        for (; rest >= 0x80; rest >>= 7)
        {
            destination[count++] = (byte)(rest | 0x80);
        }
        destination[count++] = (byte)rest;
        return count;
    }

    private static int WriteLiteral(Span<byte> destination, ReadOnlySpan<byte> literal)
    {
        if (literal.IsEmpty)
        {
            return 0;
        }
        int value = literal.Length - 1;
        int extraBytes = value < 60 ? 0 : (BitOperations.Log2((uint)value) / 8) + 1;
        destination[0] = (byte)((extraBytes == 0 ? value : 59 + extraBytes) << 2);
        for (int index = 0; index < extraBytes; index++)
        {
            destination[1 + index] = (byte)(value >> (8 * index));
        }
        literal.CopyTo(destination[(1 + extraBytes)..]);
        return 1 + extraBytes + literal.Length;
    }

    private static int WriteCopy(Span<byte> destination, int offset, int length)
    {
        int written = 0;
        while (length > 0)
        {
            // Never leave a rest shorter than the short form can say.
            int part = length <= CopyBytesMax ? length : Math.Min(CopyBytesMax, length - MatchBytesMin);
            if (part is >= MatchBytesMin and < 12 && offset < 2048)
            {
                destination[written] = (byte)(1 | ((part - MatchBytesMin) << 2) | ((offset >> 8) << 5));
                destination[written + 1] = (byte)offset;
                written += 2;
            }
            else
            {
                destination[written] = (byte)(2 | ((part - 1) << 2));
                BinaryPrimitives.WriteUInt16LittleEndian(destination[(written + 1)..], (ushort)offset);
                written += 3;
            }
            length -= part;
        }
        return written;
    }
}
