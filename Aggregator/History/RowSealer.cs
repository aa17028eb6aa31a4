using Observability.Aggregator.Rings;

namespace Observability.Aggregator.History;

/// <summary>
/// Copies rows out of rings, as any reader does, and makes blocks of them. One thread, which is never the writer's; its scratch grows to the largest
/// group and stays.
/// </summary>
internal sealed class RowSealer
{
    /// <summary>Rows of a fresh block: a ring needs room for two of them.</summary>
    public const int RowsFirst = 64;

    /// <summary>Groups narrower than this have their blocks merged: the timestamps and headers weigh.</summary>
    private const int MergedWidthMax = 8;

    private readonly BlockWriter _writer = new();
    private readonly AggregateSlot[] _aggregates = new AggregateSlot[RowsFirst];
    private readonly long[] _column = new long[RowBlock.RowsMax];
    private long[] _cells = [];

    /// <summary>Rows of the last seal, as they lay in the ring: for the rollups.</summary>
    public ReadOnlySpan<long> Cells => _cells;

    public ReadOnlySpan<AggregateSlot> Aggregates => _aggregates;

    /// <summary>Rows that were overwritten before they could be sealed.</summary>
    public long LostRows { get; private set; }

    public long LostSamples { get; private set; }

    /// <summary>Makes a block of the next rows, at most so many, and tells the ring. Returns how many rows it took.</summary>
    public int Seal(RowRing ring, bool isDouble, BlockList into, int rowsMax)
    {
        int stride = ring.Width + 1;
        if (_cells.Length < RowsFirst * stride)
        {
            _cells = new long[RowsFirst * stride];
        }
        long row = ring.SealedRows;
        int rows = Math.Min(rowsMax, RowsFirst);
        rows = ring.CopyRows(ref row, _cells.AsSpan(0, rows * stride), _aggregates.AsSpan(0, rows), out long lost);
        LostRows += lost;
        LostSamples += lost * ring.Width;
        if (rows > 0)
        {
            into.Add(Compress(ring, isDouble, row - rows, rows));
        }
        // The block first: who finds the rows overwritten finds the block.
        ring.SealedRows = row;
        if (ring.Width < MergedWidthMax)
        {
            Merge(into, 1 + ring.Width, isDouble);
        }
        return rows;
    }

    /// <summary>Makes a block of rollups, row by row as they lie, and merges small ones.</summary>
    public void SealRollups(ReadOnlySpan<long> cells, int rows, int stride, bool isDouble, long firstRow, BlockList into, long receivedNs)
    {
        _writer.Begin(firstRow, rows, stride);
        for (int column = 0; column < stride; column++)
        {
            for (int row = 0; row < rows; row++)
            {
                _column[row] = cells[(row * stride) + column];
            }
            _writer.Add(_column.AsSpan(0, rows), IsDouble(column, isDouble));
        }
        into.Add(_writer.End(receivedNs));
        if (Merge(into, RollupTier.RowsFirst, column => IsDouble(column, isDouble)) is { } merged)
        {
            into.ReplaceLast(merged);
        }

        // Begin and count are whole numbers, and so is a counter's last total.
        static bool IsDouble(int column, bool isDouble) =>
            column >= RollupTier.SharedColumns && (isDouble || (column - RollupTier.SharedColumns) % RollupTier.SeriesColumns != 0);
    }

    private RowBlock Compress(RowRing ring, bool isDouble, long firstRow, int rows)
    {
        int stride = ring.Width + 1;
        bool hasAggregates = false;
        for (int row = 0; row < rows; row++)
        {
            hasAggregates |= _aggregates[row].Count != 0;
        }
        _writer.Begin(firstRow, rows, BlockColumns.CountOf(ring.Width, hasAggregates));
        for (int column = 0; column < stride; column++)
        {
            for (int row = 0; row < rows; row++)
            {
                _column[row] = _cells[(row * stride) + column];
            }
            _writer.Add(_column.AsSpan(0, rows), isDouble && column > 0);
        }
        if (hasAggregates)
        {
            AddAggregates(rows);
        }
        return _writer.End(ring.ReceivedNs);
    }

    private void AddAggregates(int rows)
    {
        Add(rows, isDouble: false, row => (long)_aggregates[row].Count);
        Add(rows, isDouble: true, row => _aggregates[row].Count == 0 ? 0 : BitConverter.DoubleToInt64Bits(_aggregates[row].Min));
        Add(rows, isDouble: true, row => _aggregates[row].Count == 0 ? 0 : BitConverter.DoubleToInt64Bits(_aggregates[row].Max));
        Add(rows, isDouble: true, row => _aggregates[row].Count == 0 ? 0 : BitConverter.DoubleToInt64Bits(_aggregates[row].Sum));
    }

    private void Add(int rows, bool isDouble, Func<int, long> bitsOf)
    {
        for (int row = 0; row < rows; row++)
        {
            _column[row] = bitsOf(row);
        }
        _writer.Add(_column.AsSpan(0, rows), isDouble);
    }

    private void Merge(BlockList list, int plainColumns, bool isDouble)
    {
        if (Merge(list, RowsFirst, column => column > 0 && isDouble && column != plainColumns) is { } merged)
        {
            list.ReplaceLast(merged);
        }
    }

    /// <summary>One block of the last small ones, or null.</summary>
    public RowBlock? Merge(BlockList list, int smallRows, Func<int, bool> isDouble)
    {
        ReadOnlySpan<RowBlock> small = list.Mergeable(smallRows);
        if (small.IsEmpty)
        {
            return null;
        }
        int rows = (int)(small[^1].EndRow - small[0].FirstRow);
        _writer.Begin(small[0].FirstRow, rows, small[0].ColumnCount);
        for (int column = 0; column < small[0].ColumnCount; column++)
        {
            int at = 0;
            foreach (RowBlock block in small)
            {
                block.Read(column, _column.AsSpan(at));
                at += block.Rows;
            }
            _writer.Add(_column.AsSpan(0, rows), isDouble(column));
        }
        return _writer.End(small[^1].ReceivedNs);
    }
}
