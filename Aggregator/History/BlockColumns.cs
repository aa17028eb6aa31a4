using System.Runtime.CompilerServices;
using Observability.Aggregator.Rings;

namespace Observability.Aggregator.History;

/// <summary>[Data plane] How a ring's rows lie in a block: timestamps, a value of each series, and of a ring with conflated samples their four columns.</summary>
internal static class BlockColumns
{
    private const int AggregateColumns = 4;

    public static int CountOf(int width, bool hasAggregates) => 1 + width + (hasAggregates ? AggregateColumns : 0);

    /// <summary>Copies samples of one series from this row on, as many as fit and the block has. Returns how many.</summary>
    [SkipLocalsInit]
    public static int Copy(RowBlock block, int width, int column, long fromRow, in SampleColumns columns)
    {
        int first = (int)(fromRow - block.FirstRow);
        int count = Math.Min(block.Rows - first, columns.Length);
        Span<long> scratch = count == block.Rows ? default : stackalloc long[RowBlock.RowsMax];
        Copy(block, 0, first, columns.TimestampsNs[..count], scratch);
        Copy(block, 1 + column, first, columns.Bits[..count], scratch);
        if (block.ColumnCount == CountOf(width, hasAggregates: true))
        {
            Copy(block, 1 + width, first, Longs(columns.Counts[..count]), scratch);
            Copy(block, 2 + width, first, Longs(columns.Min[..count]), scratch);
            Copy(block, 3 + width, first, Longs(columns.Max[..count]), scratch);
            Copy(block, 4 + width, first, Longs(columns.Sum[..count]), scratch);
        }
        else
        {
            columns.Counts[..count].Clear();
        }
        return count;
    }

    private static void Copy(RowBlock block, int column, int first, Span<long> destination, Span<long> scratch)
    {
        if (destination.Length == block.Rows)
        {
            block.Read(column, destination);
            return;
        }
        block.Read(column, scratch);
        scratch.Slice(first, destination.Length).CopyTo(destination);
    }

    private static Span<long> Longs<T>(Span<T> values)
        where T : struct => System.Runtime.InteropServices.MemoryMarshal.Cast<T, long>(values);
}
