using System.Buffers;
using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.InteropServices;
using System.Text;

namespace Observability.Agent.Batching;

/// <summary>
/// Writes the protobuf wire format into one pooled buffer, which grows to what the largest message needed and stays. One thread at a time.
/// Tags are written whole: (field number &lt;&lt; 3) | wire type.
/// </summary>
internal sealed class ProtoWriter : IDisposable
{
    private const int InitialSize = 4096;

    private byte[] _buffer = ArrayPool<byte>.Shared.Rent(InitialSize);

    public int Length { get; private set; }

    public ReadOnlySpan<byte> Written => _buffer.AsSpan(0, Length);

    public ReadOnlyMemory<byte> WrittenMemory => _buffer.AsMemory(0, Length);

    public static int VarintSize(ulong value) => ((BitOperations.Log2(value | 1) * 9) + 73) >> 6;

    public static ulong ZigZag(long value) => (ulong)((value << 1) ^ (value >> 63));

    public void Clear() => Length = 0;

    public void Dispose()
    {
        byte[] buffer = _buffer;
        _buffer = [];
        Length = 0;
        ArrayPool<byte>.Shared.Return(buffer);
    }

    public void Varint(ulong value)
    {
        Span<byte> span = Reserve(10);
        int i = 0;
        while (value >= 0x80)
        {
            span[i++] = (byte)(value | 0x80);
            value >>= 7;
        }
        span[i++] = (byte)value;
        Length += i;
    }

    public void Varint(byte tag, ulong value)
    {
        Varint(tag);
        Varint(value);
    }

    public void Fixed64(byte tag, ulong value)
    {
        Varint(tag);
        BinaryPrimitives.WriteUInt64LittleEndian(Reserve(sizeof(ulong)), value);
        Length += sizeof(ulong);
    }

    public void Double(byte tag, double value) => Fixed64(tag, BitConverter.DoubleToUInt64Bits(value));

    public void PackedFixed64(byte tag, ReadOnlySpan<ulong> values)
    {
        int size = values.Length * sizeof(ulong);
        Varint(tag, (ulong)size);
        Span<byte> span = Reserve(size);
        if (BitConverter.IsLittleEndian)
        {
            MemoryMarshal.AsBytes(values).CopyTo(span);
        }
        else
        {
            BinaryPrimitives.ReverseEndianness(values, MemoryMarshal.Cast<byte, ulong>(span[..size]));
        }
        Length += size;
    }

    public void PackedFixed64(byte tag, ReadOnlySpan<long> values) => PackedFixed64(tag, MemoryMarshal.Cast<long, ulong>(values));

    public void PackedDouble(byte tag, ReadOnlySpan<double> values) => PackedFixed64(tag, MemoryMarshal.Cast<double, ulong>(values));

    public void PackedVarint(byte tag, ReadOnlySpan<long> values)
    {
        Varint(tag, (ulong)PackedVarintSize(values));
        foreach (long value in values)
        {
            Varint((ulong)value);
        }
    }

    public static int PackedVarintSize(ReadOnlySpan<long> values)
    {
        int size = 0;
        foreach (long value in values)
        {
            size += VarintSize((ulong)value);
        }
        return size;
    }

    /// <summary>Half a surrogate pair, which UTF-8 cannot hold, is written as U+FFFD.</summary>
    public void Text(byte tag, string value)
    {
        int size = Encoding.UTF8.GetByteCount(value);
        Varint(tag, (ulong)size);
        Length += Encoding.UTF8.GetBytes(value, Reserve(size));
    }

    public static int TextSize(string value)
    {
        int size = Encoding.UTF8.GetByteCount(value);
        return 1 + VarintSize((ulong)size) + size;
    }

    public void Bytes(ReadOnlySpan<byte> value)
    {
        value.CopyTo(Reserve(value.Length));
        Length += value.Length;
    }

    private Span<byte> Reserve(int size)
    {
        if (_buffer.Length - Length < size)
        {
            Grow(size);
        }
        return _buffer.AsSpan(Length);
    }

    private void Grow(int size)
    {
        byte[] larger = ArrayPool<byte>.Shared.Rent(Math.Max(_buffer.Length * 2, Length + size));
        _buffer.AsSpan(0, Length).CopyTo(larger);
        ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = larger;
    }
}
