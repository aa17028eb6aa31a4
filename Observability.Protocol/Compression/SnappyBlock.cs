using System.Buffers.Binary;

namespace Observability.Protocol;

/// <summary>
/// Decodes a snappy block: a length, then literals and copies of what was already written. Every index is checked: the input is hostile
/// until proven otherwise. No allocation.
/// </summary>
internal static class SnappyBlock
{
    private const int LengthBytesMax = 5;

    /// <summary>Reads the length of the decoded block; <paramref name="headerBytes"/> is how long that length itself is.</summary>
    public static bool TryReadLength(ReadOnlySpan<byte> block, out uint length, out int headerBytes)
    {
        ulong value = 0;
        for (int index = 0; index < block.Length && index < LengthBytesMax; index++)
        {
            value |= (ulong)(block[index] & 0x7f) << (7 * index);
            if (block[index] < 0x80)
            {
                length = (uint)value;
                headerBytes = index + 1;
                return value <= uint.MaxValue;
            }
        }
        length = 0;
        headerBytes = 0;
        return false;
    }

    /// <summary>Decodes what follows the length. True only when it fills <paramref name="destination"/> exactly.</summary>
    public static bool TryDecode(ReadOnlySpan<byte> elements, Span<byte> destination)
    {
        int read = 0;
        int written = 0;
        while (read < elements.Length)
        {
            byte tag = elements[read++];
            if ((tag & 3) == 0)
            {
                if (!TryReadLiteralLength(elements, ref read, tag, out int literal)
                    || literal > elements.Length - read || literal > destination.Length - written)
                {
                    return false;
                }
                elements.Slice(read, literal).CopyTo(destination[written..]);
                read += literal;
                written += literal;
                continue;
            }
            if (!TryReadCopy(elements, ref read, tag, out int length, out uint offset)
                || offset == 0 || offset > (uint)written || length > destination.Length - written)
            {
                return false;
            }
            Copy(destination, written, (int)offset, length);
            written += length;
        }
        return written == destination.Length;
    }

    private static bool TryReadLiteralLength(ReadOnlySpan<byte> elements, ref int read, byte tag, out int length)
    {
        length = (tag >> 2) + 1;
        int extraBytes = length - 60;                   // 61 to 64 mean: the length less one follows in one to four bytes
        if (extraBytes <= 0)
        {
            return true;
        }
        if (extraBytes > elements.Length - read)
        {
            return false;
        }
        uint value = 0;
        for (int index = 0; index < extraBytes; index++)
        {
            value |= (uint)elements[read + index] << (8 * index);
        }
        read += extraBytes;
        length = (int)value + 1;
        return value < int.MaxValue;
    }

    private static bool TryReadCopy(ReadOnlySpan<byte> elements, ref int read, byte tag, out int length, out uint offset)
    {
        length = (tag >> 2) + 1;
        offset = 0;
        int offsetBytes = (tag & 3) == 3 ? 4 : tag & 3;
        if (offsetBytes > elements.Length - read)
        {
            return false;
        }
        switch (offsetBytes)
        {
            case 1:
                length = 4 + ((tag >> 2) & 7);
                offset = (uint)((tag >> 5) << 8) | elements[read];
                break;
            case 2:
                offset = BinaryPrimitives.ReadUInt16LittleEndian(elements[read..]);
                break;
            default:
                offset = BinaryPrimitives.ReadUInt32LittleEndian(elements[read..]);
                break;
        }
        read += offsetBytes;
        return true;
    }

    private static void Copy(Span<byte> destination, int written, int offset, int length)
    {
        if (offset >= length)
        {
            destination.Slice(written - offset, length).CopyTo(destination[written..]);
            return;
        }
        // The copy overlaps what it writes: this is how a run of one pattern is stored.
        for (int index = written; index < written + length; index++)
        {
            destination[index] = destination[index - offset];
        }
    }
}
