using Observability.Aggregator.History;

namespace Observability.Aggregator.Storage;

/// <summary>
/// Histograms in a block: a column of each number that a row has once, and behind them the counts that are not zero, row by row. Every bit comes back,
/// also of counts that nobody would send.
/// </summary>
internal static class HistogramBlock
{
    public const int RowsMax = 64;

    public const int ColumnCount = 13;

    /// <summary>Sum, minimum and maximum; the other columns hold whole numbers.</summary>
    public static bool IsDouble(int column) => column is Sum or Min or Max;

    public const int Timestamp = 0;
    public const int Count = 1;

    /// <summary>1: minimum and maximum are the sum, as of one measurement alone, and stand in no column of their own.</summary>
    public const int IsAlone = 2;
    public const int Sum = 3;
    public const int Min = 4;
    public const int Max = 5;
    public const int Scale = 6;
    public const int ZeroCount = 7;
    public const int PositiveOffset = 8;
    public const int PositiveLength = 9;
    public const int NegativeOffset = 10;
    public const int NegativeLength = 11;
    public const int ExplicitLength = 12;

    /// <summary>A count above this does not fit beside the flag, and follows it whole.</summary>
    public const ulong ShortCountMax = (1UL << 62) - 1;

    /// <summary>Appends every row. Any thread; the buffer's columns grow as usual.</summary>
    public static void Read(RowBlock block, HistogramBuffer into)
    {
        Span<long> columns = stackalloc long[ColumnCount * RowsMax];
        int rows = block.Rows;
        for (int column = 0; column < ColumnCount; column++)
        {
            block.Read(column, columns.Slice(column * RowsMax, rows));
        }
        ByteReader tail = new(block.Tail);
        BucketRange bounds = default;
        for (int row = 0; row < rows; row++)
        {
            HistogramRow read = new()
            {
                TimestampNs = Of(columns, Timestamp, row),
                Count = (ulong)Of(columns, Count, row),
                Sum = BitConverter.Int64BitsToDouble(Of(columns, Sum, row)),
                Scale = (int)Of(columns, Scale, row),
                ZeroCount = (ulong)Of(columns, ZeroCount, row),
                PositiveOffset = (int)Of(columns, PositiveOffset, row),
                NegativeOffset = (int)Of(columns, NegativeOffset, row),
            };
            bool isAlone = Of(columns, IsAlone, row) != 0;
            read.Min = isAlone ? read.Sum : BitConverter.Int64BitsToDouble(Of(columns, Min, row));
            read.Max = isAlone ? read.Sum : BitConverter.Int64BitsToDouble(Of(columns, Max, row));
            read.Positive = ReadCounts(ref tail, (int)Of(columns, PositiveLength, row), into);
            read.Negative = ReadCounts(ref tail, (int)Of(columns, NegativeLength, row), into);
            int explicitLength = (int)Of(columns, ExplicitLength, row);
            read.Explicit = ReadCounts(ref tail, explicitLength, into);
            bounds = explicitLength == 0 ? default : ReadBounds(ref tail, bounds, into);
            read.Bounds = bounds;
            into.Add(read);
        }
    }

    private static long Of(ReadOnlySpan<long> columns, int column, int row) => columns[(column * RowsMax) + row];

    private static BucketRange ReadCounts(ref ByteReader tail, int length, HistogramBuffer into)
    {
        Span<ulong> counts = into.AddBuckets(length, out BucketRange range);
        counts.Clear();
        if (length == 0)
        {
            return range;
        }
        int at = -1;
        for (ulong left = tail.Varint(); left > 0; left--)
        {
            ulong word = tail.Varint();
            at += (word & 1) != 0 ? 1 : (int)tail.Varint();
            counts[at] = word > 1 ? word >> 1 : tail.Varint();
        }
        return range;
    }

    /// <summary>The bounds of the row before, mostly.</summary>
    private static BucketRange ReadBounds(ref ByteReader tail, BucketRange former, HistogramBuffer into)
    {
        ulong length = tail.Varint();
        if (length == 0)
        {
            return former;
        }
        Span<double> bounds = into.AddBounds((int)(length - 1), out BucketRange range);
        for (int i = 0; i < bounds.Length; i++)
        {
            bounds[i] = BitConverter.UInt64BitsToDouble(tail.Word());
        }
        return range;
    }
}
