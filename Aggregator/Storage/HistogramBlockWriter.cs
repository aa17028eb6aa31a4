using System.Numerics;
using System.Runtime.InteropServices;
using Observability.Aggregator.History;

namespace Observability.Aggregator.Storage;

/// <summary>Makes blocks of histograms. One thread: the sealer; its scratch grows to the largest block and stays.</summary>
internal sealed class HistogramBlockWriter
{
    private const int VarintBytesMax = 10;

    private readonly BlockWriter _writer = new();
    private readonly long[] _columns = new long[HistogramBlock.ColumnCount * HistogramBlock.RowsMax];
    private byte[] _tail = [];

    /// <summary>All rows of the buffer, which has at least one and at most <see cref="HistogramBlock.RowsMax"/>.</summary>
    public RowBlock Write(HistogramBuffer rows, long firstRow, long receivedNs)
    {
        long min = 0;
        long max = 0;
        int tailBytesMax = 0;
        for (int row = 0; row < rows.Count; row++)
        {
            ref readonly HistogramRow read = ref rows[row];
            long sum = BitConverter.DoubleToInt64Bits(read.Sum);
            bool isAlone = BitConverter.DoubleToInt64Bits(read.Min) == sum && BitConverter.DoubleToInt64Bits(read.Max) == sum;
            // A repetition costs a bit.
            min = isAlone ? min : BitConverter.DoubleToInt64Bits(read.Min);
            max = isAlone ? max : BitConverter.DoubleToInt64Bits(read.Max);
            Set(HistogramBlock.Timestamp, row, read.TimestampNs);
            Set(HistogramBlock.Count, row, (long)read.Count);
            Set(HistogramBlock.IsAlone, row, isAlone ? 1 : 0);
            Set(HistogramBlock.Sum, row, sum);
            Set(HistogramBlock.Min, row, min);
            Set(HistogramBlock.Max, row, max);
            Set(HistogramBlock.Scale, row, read.Scale);
            Set(HistogramBlock.ZeroCount, row, (long)read.ZeroCount);
            Set(HistogramBlock.PositiveOffset, row, read.PositiveOffset);
            Set(HistogramBlock.PositiveLength, row, read.Positive.Length);
            Set(HistogramBlock.NegativeOffset, row, read.NegativeOffset);
            Set(HistogramBlock.NegativeLength, row, read.Negative.Length);
            Set(HistogramBlock.ExplicitLength, row, read.Explicit.Length);
            tailBytesMax += (4 * VarintBytesMax) + (sizeof(double) * read.Bounds.Length)
                + (3 * VarintBytesMax * (read.Positive.Length + read.Negative.Length + read.Explicit.Length));
        }
        _writer.Begin(firstRow, rows.Count, HistogramBlock.ColumnCount);
        for (int column = 0; column < HistogramBlock.ColumnCount; column++)
        {
            _writer.Add(_columns.AsSpan(column * HistogramBlock.RowsMax, rows.Count), HistogramBlock.IsDouble(column));
        }
        return _writer.End(receivedNs, WriteTail(rows, tailBytesMax));
    }

    private void Set(int column, int row, long bits) => _columns[(column * HistogramBlock.RowsMax) + row] = bits;

    private ReadOnlySpan<byte> WriteTail(HistogramBuffer rows, int bytesMax)
    {
        if (_tail.Length < bytesMax)
        {
            _tail = new byte[BitOperations.RoundUpToPowerOf2((uint)bytesMax)];
        }
        ByteWriter to = new(_tail);
        ReadOnlySpan<double> former = default;
        for (int row = 0; row < rows.Count; row++)
        {
            WriteCounts(rows.PositiveCounts(row), ref to);
            WriteCounts(rows.NegativeCounts(row), ref to);
            WriteCounts(rows.ExplicitCounts(row), ref to);
            ReadOnlySpan<double> bounds = rows.ExplicitBounds(row);
            if (rows[row].IsExplicit)
            {
                WriteBounds(bounds, isSame: row > 0 && MemoryMarshal.AsBytes(bounds).SequenceEqual(MemoryMarshal.AsBytes(former)), ref to);
            }
            former = rows[row].IsExplicit ? bounds : default;
        }
        return _tail.AsSpan(0, to.At);
    }

    /// <summary>How many are not zero, and of each its count with a bit that tells that it lies beside the one before, or else how far from it.</summary>
    private static void WriteCounts(ReadOnlySpan<ulong> counts, ref ByteWriter to)
    {
        if (counts.IsEmpty)
        {
            return;
        }
        to.Varint((ulong)(counts.Length - counts.Count(0UL)));
        int before = -1;
        for (int at = 0; at < counts.Length; at++)
        {
            if (counts[at] == 0)
            {
                continue;
            }
            bool isShort = counts[at] <= HistogramBlock.ShortCountMax;
            bool isBeside = at == before + 1;
            to.Varint((isShort ? counts[at] << 1 : 0) | (isBeside ? 1UL : 0));
            if (!isBeside)
            {
                to.Varint((ulong)(at - before));
            }
            if (!isShort)
            {
                to.Varint(counts[at]);
            }
            before = at;
        }
    }

    private static void WriteBounds(ReadOnlySpan<double> bounds, bool isSame, ref ByteWriter to)
    {
        to.Varint(isSame ? 0 : (ulong)bounds.Length + 1);
        for (int i = 0; i < bounds.Length && !isSame; i++)
        {
            to.Word(BitConverter.DoubleToUInt64Bits(bounds[i]));
        }
    }
}
