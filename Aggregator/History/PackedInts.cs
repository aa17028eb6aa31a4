using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Observability.Aggregator.History;

/// <summary>
/// Whole numbers as offsets from a base in as many bits as most of them need; the few that need more stand behind, whole. The bits are read in
/// words of eight bytes, so that many bytes must follow the last column of a block.
/// </summary>
internal static class PackedInts
{
    /// <summary>Bytes that must lie behind what is read.</summary>
    public const int PaddingBytes = 9;

    private const int ClassCount = 65;

    /// <summary>What the numbers take, and the form that takes least.</summary>
    public static int Measure(ReadOnlySpan<long> values, out PackedForm form)
    {
        form = default;
        if (values.IsEmpty)
        {
            return 3;
        }
        Span<int> byBits = stackalloc int[ClassCount * 2];
        (long lowest, long highest) = Range(values);
        int top = BitsOf(highest, lowest);
        int bytes = MeasureFrom(values, lowest, top, byBits, out form);
        // One outlier downwards (a counter that was reset) must not widen all the others: they then lie in the two classes farthest from it.
        if (top > 1 && byBits[0] + byBits[top] + byBits[top - 1] == values.Length
            && MeasureFrom(values, SecondLowest(values, lowest), 64, byBits, out PackedForm fromSecond) is int smaller && smaller < bytes)
        {
            (bytes, form) = (smaller, fromSecond);
        }
        return bytes;
    }

    public static void Write(scoped ReadOnlySpan<long> values, in PackedForm form, ref ByteWriter to)
    {
        (long floor, int width, int outliers) = form;
        to.Byte((byte)width);
        to.Signed(floor);
        to.Varint((ulong)outliers);
        Span<byte> packed = to.Zeroes(PackedBytes(values.Length, width));
        if (width > 0)
        {
            Pack(values, floor, width, packed);
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

    /// <summary>Word by word. An outlier's place holds some of its bits, which nobody reads.</summary>
    private static void Pack(ReadOnlySpan<long> values, long floor, int width, Span<byte> packed)
    {
        ulong mask = ulong.MaxValue >> (64 - width);
        ulong word = 0;
        int filled = 0;
        int at = 0;
        foreach (long value in values)
        {
            ulong offset = (ulong)(value - floor) & mask;
            word |= offset << filled;
            filled += width;
            if (filled >= 64)
            {
                BinaryPrimitives.WriteUInt64LittleEndian(packed[at..], word);
                at += sizeof(ulong);
                filled -= 64;
                word = filled == 0 ? 0 : offset >> (width - filled);
            }
        }
        for (; filled > 0; filled -= 8, word >>= 8)
        {
            packed[at++] = (byte)word;
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

    /// <param name="values">At least one.</param>
    /// <param name="floor">What they are told from.</param>
    /// <param name="top">No value needs more bits.</param>
    /// <param name="byBits">Then tells how many need so many bits, up to the top.</param>
    /// <param name="form">What takes least.</param>
    private static int MeasureFrom(ReadOnlySpan<long> values, long floor, int top, Span<int> byBits, out PackedForm form)
    {
        byBits.Clear();
        // Two tables in turn: mostly the same place is counted up, which would wait for itself.
        ref int even = ref MemoryMarshal.GetReference(byBits);
        ref int odd = ref Unsafe.Add(ref even, ClassCount);
        int i = 0;
        for (; i + 1 < values.Length; i += 2)
        {
            Unsafe.Add(ref even, BitsOf(values[i], floor))++;
            Unsafe.Add(ref odd, BitsOf(values[i + 1], floor))++;
        }
        if (i < values.Length)
        {
            Unsafe.Add(ref even, BitsOf(values[i], floor))++;
        }
        for (int bit = 0; bit <= top; bit++)
        {
            byBits[bit] += byBits[bit + ClassCount];
        }
        int best = int.MaxValue;
        int outliers = 0;
        form = default;
        // An outlier: its number, a byte or two, and its value as a varint of its own, sign included.
        for (int bits = top; bits >= 0 && outliers * 8 < best; bits--)
        {
            int size = PackedBytes(values.Length, bits) + (outliers * 8);
            if (size < best)
            {
                (best, form) = (size, new PackedForm(floor, bits, outliers));
            }
            outliers += byBits[bits];
        }
        return best + 4;
    }

    private static (long Lowest, long Highest) Range(ReadOnlySpan<long> values)
    {
        ref long first = ref MemoryMarshal.GetReference(values);
        long lowest = first;
        long highest = first;
        int i = 0;
        if (values.Length >= Vector256<long>.Count)
        {
            Vector256<long> low = Vector256.Create(lowest);
            Vector256<long> high = low;
            for (; i <= values.Length - Vector256<long>.Count; i += Vector256<long>.Count)
            {
                Vector256<long> some = Vector256.LoadUnsafe(ref first, (nuint)i);
                low = Vector256.Min(low, some);
                high = Vector256.Max(high, some);
            }
            for (int lane = 0; lane < Vector256<long>.Count; lane++)
            {
                lowest = Math.Min(lowest, low[lane]);
                highest = Math.Max(highest, high[lane]);
            }
        }
        for (; i < values.Length; i++)
        {
            lowest = Math.Min(lowest, values[i]);
            highest = Math.Max(highest, values[i]);
        }
        return (lowest, highest);
    }

    private static long SecondLowest(ReadOnlySpan<long> values, long lowest)
    {
        long second = long.MaxValue;
        foreach (long value in values)
        {
            second = value != lowest ? Math.Min(second, value) : second;
        }
        return second;
    }

    /// <summary>Below the base the difference wraps round and needs all 64 bits.</summary>
    private static int BitsOf(long value, long floor) => 64 - BitOperations.LeadingZeroCount((ulong)(value - floor));

    private static int PackedBytes(int count, int width) => ((count * width) + 7) >> 3;
}
