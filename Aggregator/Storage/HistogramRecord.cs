using System.Buffers.Binary;
using System.Numerics;

namespace Observability.Aggregator.Storage;

/// <summary>
/// [Data plane] A histogram as the ring keeps it: counts as variable-length integers, because most buckets of a 20 ms
/// interval hold less than 128. Allocates only when the scratch grows to the largest histogram met.
/// </summary>
internal static class HistogramRecord
{
    private const int VarintBytesMax = 10;
    private const int FixedPartBytesMax = (3 * sizeof(double)) + (9 * VarintBytesMax);

    public static int Encode(in HistogramSample sample, ref byte[] scratch)
    {
        int bound = FixedPartBytesMax
            + (VarintBytesMax * (sample.PositiveCounts.Length + sample.NegativeCounts.Length + sample.ExplicitCounts.Length))
            + (sizeof(double) * sample.ExplicitBounds.Length);
        if (scratch.Length < bound)
        {
            scratch = new byte[BitOperations.RoundUpToPowerOf2((uint)bound)];
        }
        Span<byte> to = scratch;
        int at = 0;
        WriteVarint(to, ref at, sample.Count);
        WriteDouble(to, ref at, sample.Sum);
        WriteDouble(to, ref at, sample.Min);
        WriteDouble(to, ref at, sample.Max);
        WriteVarint(to, ref at, ZigZag(sample.Scale));
        WriteVarint(to, ref at, sample.ZeroCount);
        WriteVarint(to, ref at, ZigZag(sample.PositiveOffset));
        WriteVarint(to, ref at, ZigZag(sample.NegativeOffset));
        WriteCounts(to, ref at, sample.PositiveCounts);
        WriteCounts(to, ref at, sample.NegativeCounts);
        WriteCounts(to, ref at, sample.ExplicitCounts);
        WriteVarint(to, ref at, (ulong)sample.ExplicitBounds.Length);
        foreach (double bound1 in sample.ExplicitBounds)
        {
            WriteDouble(to, ref at, bound1);
        }
        return at;
    }

    public static void Decode(long timestampNs, ReadOnlySpan<byte> from, HistogramBuffer into)
    {
        int at = 0;
        HistogramRow row = new()
        {
            TimestampNs = timestampNs,
            Count = ReadVarint(from, ref at),
            Sum = ReadDouble(from, ref at),
            Min = ReadDouble(from, ref at),
            Max = ReadDouble(from, ref at),
            Scale = UnZigZag(ReadVarint(from, ref at)),
            ZeroCount = ReadVarint(from, ref at),
            PositiveOffset = UnZigZag(ReadVarint(from, ref at)),
            NegativeOffset = UnZigZag(ReadVarint(from, ref at)),
        };
        row.Positive = ReadCounts(from, ref at, into);
        row.Negative = ReadCounts(from, ref at, into);
        row.Explicit = ReadCounts(from, ref at, into);
        Span<double> bounds = into.AddBounds((int)ReadVarint(from, ref at), out row.Bounds);
        for (int i = 0; i < bounds.Length; i++)
        {
            bounds[i] = ReadDouble(from, ref at);
        }
        into.Add(row);
    }

    private static void WriteCounts(Span<byte> to, ref int at, ReadOnlySpan<ulong> counts)
    {
        WriteVarint(to, ref at, (ulong)counts.Length);
        foreach (ulong count in counts)
        {
            WriteVarint(to, ref at, count);
        }
    }

    private static BucketRange ReadCounts(ReadOnlySpan<byte> from, ref int at, HistogramBuffer into)
    {
        Span<ulong> counts = into.AddBuckets((int)ReadVarint(from, ref at), out BucketRange range);
        for (int i = 0; i < counts.Length; i++)
        {
            counts[i] = ReadVarint(from, ref at);
        }
        return range;
    }

    private static void WriteDouble(Span<byte> to, ref int at, double value)
    {
        BinaryPrimitives.WriteDoubleLittleEndian(to[at..], value);
        at += sizeof(double);
    }

    private static double ReadDouble(ReadOnlySpan<byte> from, ref int at)
    {
        double value = BinaryPrimitives.ReadDoubleLittleEndian(from[at..]);
        at += sizeof(double);
        return value;
    }

    private static void WriteVarint(Span<byte> to, ref int at, ulong value)
    {
        while (value >= 0x80)
        {
            to[at++] = (byte)(value | 0x80);
            value >>= 7;
        }
        to[at++] = (byte)value;
    }

    private static ulong ReadVarint(ReadOnlySpan<byte> from, ref int at)
    {
        ulong value = 0;
        for (int shift = 0; ; shift += 7)
        {
            byte next = from[at++];
            value |= (ulong)(next & 0x7F) << shift;
            if (next < 0x80)
            {
                return value;
            }
        }
    }

    private static ulong ZigZag(int value) => (uint)((value << 1) ^ (value >> 31));

    private static int UnZigZag(ulong value) => (int)((uint)value >> 1) ^ -(int)(value & 1);
}
