using System.Buffers.Binary;

namespace Observability.Aggregator.History;

/// <summary>[Data plane] Reads what <see cref="ByteWriter"/> wrote.</summary>
internal ref struct ByteReader(ReadOnlySpan<byte> bytes)
{
    private readonly ReadOnlySpan<byte> _bytes = bytes;

    public int At { get; private set; }

    public byte Byte() => _bytes[At++];

    public ulong Varint()
    {
        ulong value = 0;
        for (int shift = 0; ; shift += 7)
        {
            byte next = _bytes[At++];
            value |= (ulong)(next & 0x7F) << shift;
            if (next < 0x80)
            {
                return value;
            }
        }
    }

    public long Signed()
    {
        ulong value = Varint();
        return (long)(value >> 1) ^ -(long)(value & 1);
    }

    public ulong Word()
    {
        ulong value = BinaryPrimitives.ReadUInt64LittleEndian(_bytes[At..]);
        At += sizeof(ulong);
        return value;
    }

    /// <summary>Everything from here on, and the position behind the next <paramref name="count"/> bytes.</summary>
    public ReadOnlySpan<byte> Skip(int count)
    {
        ReadOnlySpan<byte> rest = _bytes[At..];
        At += count;
        return rest;
    }
}
