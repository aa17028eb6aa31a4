using System.Buffers.Binary;

namespace Observability.Aggregator.History;

/// <summary>Writes bytes one after another; the caller has made room.</summary>
internal ref struct ByteWriter(Span<byte> bytes)
{
    private readonly Span<byte> _bytes = bytes;

    public int At { get; private set; }

    public void Byte(byte value) => _bytes[At++] = value;

    public void Varint(ulong value)
    {
        while (value >= 0x80)
        {
            _bytes[At++] = (byte)(value | 0x80);
            value >>= 7;
        }
        _bytes[At++] = (byte)value;
    }

    public void Signed(long value) => Varint(((ulong)value << 1) ^ (ulong)(value >> 63));

    public void Word(ulong value)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(_bytes[At..], value);
        At += sizeof(ulong);
    }

    /// <summary>So many zeroed bytes, for the caller to fill.</summary>
    public Span<byte> Zeroes(int count)
    {
        Span<byte> taken = _bytes.Slice(At, count);
        taken.Clear();
        At += count;
        return taken;
    }

    /// <summary>Takes back what was written after this.</summary>
    public void Rewind(int at) => At = at;
}
