using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Observability.Aggregator.History;

/// <summary>
/// Whole numbers as offsets from a base in as many bits as most of them need; the few that need more stand behind, whole. The bits are read in
/// words of eight bytes, so that many bytes must follow the last column of a block.
/// </summary>
internal static class PackedInts
{
    /// <summary>Bytes that must lie behind what is read.</summary>
    public const int PaddingBytes = 9;

    /// <summary>What the numbers take, and the base and width that take least.</summary>
    public static int Measure(ReadOnlySpan<long> values, out long floor, out int width)
    {
        floor = 0;
        width = 0;
        if (values.IsEmpty)
        {
            return 3;
        }
        (long lowest, long second) = TwoLowest(values);
        floor = lowest;
        int bytes = MeasureFrom(values, lowest, out width);
        // One outlier downwards (a counter that was reset) must not widen all the others.
        if (second != lowest && MeasureFrom(values, second, out int fromSecond) is int smaller && smaller < bytes)
        {
            (bytes, floor, width) = (smaller, second, fromSecond);
        }
        return bytes;
    }

    public static void Write(scoped ReadOnlySpan<long> values, long floor, int width, ref ByteWriter to)
    {
        to.Byte((byte)width);
        to.Signed(floor);
        int outliers = 0;
        foreach (long value in values)
        {
            outliers += BitsOf(value, floor) > width ? 1 : 0;
        }
        to.Varint((ulong)outliers);
        Span<byte> packed = to.Zeroes(PackedBytes(values.Length, width));
        for (int i = 0; width > 0 && i < values.Length; i++)
        {
            ulong offset = (ulong)(values[i] - floor);
            if (BitsOf(values[i], floor) <= width)
            {
                Put(packed, (long)i * width, offset, width);
            }
        }
        for (int i = 0; i < values.Length && outliers > 0; i++)
        {
            if (BitsOf(values[i], floor) > width)
            {
                to.Varint((ulong)i);
                to.Signed(values[i]);
                outliers--;
            }
        }
    }

    public static void Read(ref ByteReader from, Span<long> values)
    {
        int width = from.Byte();
        long floor = from.Signed();
        int outliers = (int)from.Varint();
        ReadOnlySpan<byte> packed = from.Skip(PackedBytes(values.Length, width));
        if (width == 0)
        {
            values.Fill(floor);
        }
        else if (width <= 56)
        {
            ReadNarrow(packed[..(PackedBytes(values.Length, width) + sizeof(ulong))], width, floor, values);
        }
        else
        {
            ReadWide(packed, width, floor, values);
        }
        for (; outliers > 0; outliers--)
        {
            int at = (int)from.Varint();
            values[at] = from.Signed();
        }
    }

    private static void ReadNarrow(ReadOnlySpan<byte> packed, int width, long floor, Span<long> values)
    {
        // The slice above holds the last word: no check is needed for each.
        ref byte first = ref MemoryMarshal.GetReference(packed);
        ulong mask = (1UL << width) - 1;
        int bit = 0;
        for (int i = 0; i < values.Length; i++, bit += width)
        {
            ulong word = Unsafe.ReadUnaligned<ulong>(ref Unsafe.Add(ref first, bit >> 3));
            word = BitConverter.IsLittleEndian ? word : BinaryPrimitives.ReverseEndianness(word);
            values[i] = floor + (long)((word >> (bit & 7)) & mask);
        }
    }

    private static void ReadWide(ReadOnlySpan<byte> packed, int width, long floor, Span<long> values)
    {
        ulong mask = width == 64 ? ulong.MaxValue : (1UL << width) - 1;
        for (int i = 0; i < values.Length; i++)
        {
            int bit = i * width;
            int shift = bit & 7;
            ulong value = BinaryPrimitives.ReadUInt64LittleEndian(packed[(bit >> 3)..]) >> shift;
            if (shift + width > 64)
            {
                value |= (ulong)packed[(bit >> 3) + 8] << (64 - shift);
            }
            values[i] = floor + (long)(value & mask);
        }
    }

    private static void Put(Span<byte> packed, long bit, ulong value, int width)
    {
        int at = (int)(bit >> 3);
        int shift = (int)(bit & 7);
        while (width > 0)
        {
            packed[at++] |= (byte)(value << shift);
            value >>= 8 - shift;
            width -= 8 - shift;
            shift = 0;
        }
    }

    private static int MeasureFrom(ReadOnlySpan<long> values, long floor, out int width)
    {
        Span<int> byBits = stackalloc int[65];
        byBits.Clear();
        foreach (long value in values)
        {
            byBits[BitsOf(value, floor)]++;
        }
        int best = int.MaxValue;
        width = 64;
        int outliers = 0;
        for (int bits = 64; bits >= 0; bits--)
        {
            // An outlier: its number, a byte or two, and its value as a varint of its own, sign included.
            int size = PackedBytes(values.Length, bits) + (outliers * 8);
            if (size < best)
            {
                (best, width) = (size, bits);
            }
            outliers += byBits[bits];
        }
        return best + 4;
    }

    private static (long Lowest, long Second) TwoLowest(ReadOnlySpan<long> values)
    {
        long lowest = long.MaxValue;
        long second = long.MaxValue;
        foreach (long value in values)
        {
            if (value < lowest)
            {
                (lowest, second) = (value, lowest);
            }
            else if (value < second && value != lowest)
            {
                second = value;
            }
        }
        return (lowest, second == long.MaxValue ? lowest : second);
    }

    /// <summary>Below the base the difference wraps round and needs all 64 bits.</summary>
    private static int BitsOf(long value, long floor) => 64 - BitOperations.LeadingZeroCount((ulong)(value - floor));

    private static int PackedBytes(int count, int width) => ((count * width) + 7) >> 3;
}
