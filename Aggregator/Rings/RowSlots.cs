namespace Observability.Aggregator.Rings;

/// <summary>
/// The cells of a ring at one size, published to readers as one reference: rows of one timestamp and a value of each series, side by side,
/// so that a row is one run of memory. A ring that grows publishes new ones and never writes to these again.
/// </summary>
internal sealed class RowSlots
{
    public static readonly RowSlots None = new(0, 1, withAggregates: false, 0);

    public RowSlots(int capacity, int width, bool withAggregates, long firstRow)
    {
        Capacity = capacity;
        Stride = width + 1;
        Cells = capacity == 0 ? [] : GC.AllocateUninitializedArray<long>(capacity * Stride);
        Aggregates = withAggregates && capacity > 0 ? new AggregateSlot[capacity] : null;
        FirstRow = firstRow;
    }

    /// <summary>The same cells under a new identity, by which the writer tells a parker that it is back.</summary>
    public RowSlots(RowSlots same)
    {
        (Capacity, Stride, Cells, Aggregates, FirstRow) = (same.Capacity, same.Stride, same.Cells, same.Aggregates, same.FirstRow);
    }

    public int Capacity { get; }

    /// <summary>Longs of one row: its timestamp and its values.</summary>
    public int Stride { get; }

    public long[] Cells { get; }

    public AggregateSlot[]? Aggregates { get; }

    /// <summary>The oldest row that was copied in when these cells replaced others.</summary>
    public long FirstRow { get; }

    public long SizeInBytes => SizeOf(Capacity, Stride - 1, Aggregates is not null);

    public static long SizeOf(int capacity, int width, bool withAggregates) => capacity * ((width + 1) * 8L + (withAggregates ? 32 : 0));

    /// <summary>
    /// The oldest row that the writer cannot be overwriting while it has published <paramref name="head"/>: it may be in the middle of the row
    /// at head, which takes the place of head - capacity.
    /// </summary>
    public long Oldest(long head) => Capacity == 0 ? Math.Max(FirstRow, 0) : Math.Max(FirstRow, head - Capacity + 1);

    public long TimestampNs(long row) => Cells[((int)row & (Capacity - 1)) * Stride];

    public void CopyTo(int column, long row, int count, in SampleColumns columns)
    {
        int mask = Capacity - 1;
        for (int i = 0; i < count; i++)
        {
            int at = ((int)(row + i) & mask) * Stride;
            columns.TimestampsNs[i] = Cells[at];
            columns.Bits[i] = Cells[at + 1 + column];
        }
        if (Aggregates is null)
        {
            columns.Counts[..count].Clear();
        }
        else
        {
            CopyAggregatesTo(row, count, columns);
        }
    }

    /// <summary>Whole rows, as they lie.</summary>
    public void CopyRowsTo(long row, int count, Span<long> cells, Span<AggregateSlot> aggregates)
    {
        int first = (int)row & (Capacity - 1);
        int untilEnd = Math.Min(count, Capacity - first);
        Cells.AsSpan(first * Stride, untilEnd * Stride).CopyTo(cells);
        Cells.AsSpan(0, (count - untilEnd) * Stride).CopyTo(cells[(untilEnd * Stride)..]);
        if (Aggregates is null)
        {
            aggregates[..count].Clear();
            return;
        }
        Aggregates.AsSpan(first, untilEnd).CopyTo(aggregates);
        Aggregates.AsSpan(0, count - untilEnd).CopyTo(aggregates[untilEnd..]);
    }

    private void CopyAggregatesTo(long row, int count, in SampleColumns columns)
    {
        int mask = Capacity - 1;
        for (int i = 0; i < count; i++)
        {
            ref readonly AggregateSlot slot = ref Aggregates![(int)(row + i) & mask];
            columns.Min[i] = slot.Min;
            columns.Max[i] = slot.Max;
            columns.Sum[i] = slot.Sum;
            columns.Counts[i] = slot.Count;
        }
    }
}

/// <summary>What a conflated sample has besides its last value. Count 0: the row beside it holds a plain sample.</summary>
internal struct AggregateSlot
{
    public double Min;
    public double Max;
    public double Sum;
    public ulong Count;
}

/// <summary>Where copied rows go. They may be torn until the ring has been asked again: the first ones are then dropped.</summary>
internal interface IRowCopy
{
    void Take(RowSlots slots, long row, int count);

    void DropFirst(RowSlots slots, int torn, int count);
}

internal readonly ref struct OneColumn(int column, SampleColumns columns) : IRowCopy
{
    private readonly SampleColumns _columns = columns;

    public void Take(RowSlots slots, long row, int count) => slots.CopyTo(column, row, count, _columns);

    public void DropFirst(RowSlots slots, int torn, int count) => _columns.DropFirst(torn, count);
}

internal readonly ref struct WholeRows(Span<long> cells, Span<AggregateSlot> aggregates) : IRowCopy
{
    private readonly Span<long> _cells = cells;
    private readonly Span<AggregateSlot> _aggregates = aggregates;

    public void Take(RowSlots slots, long row, int count) => slots.CopyRowsTo(row, count, _cells, _aggregates);

    public void DropFirst(RowSlots slots, int torn, int count)
    {
        _cells[(torn * slots.Stride)..(count * slots.Stride)].CopyTo(_cells);
        _aggregates[torn..count].CopyTo(_aggregates);
    }
}
