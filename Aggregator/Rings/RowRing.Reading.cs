namespace Observability.Aggregator.Rings;

internal sealed partial class RowRing
{
    /// <summary>
    /// Copies one column of what was appended from <paramref name="row"/> on, oldest first, as much as fits, and moves the row
    /// behind it. Any thread. Returns the samples copied; <paramref name="overwritten"/> counts those that were gone already.
    /// </summary>
    public int CopyNew(int column, ref long row, in SampleColumns columns, out long overwritten) =>
        Copy(new OneColumn(column, columns), columns.Length, ref row, out overwritten);

    /// <summary>As <see cref="CopyNew"/>, whole rows: for the sealer. <paramref name="cells"/> has room for whole rows of Width + 1.</summary>
    public int CopyRows(ref long row, Span<long> cells, Span<AggregateSlot> aggregates, out long overwritten) =>
        Copy(new WholeRows(cells, aggregates), aggregates.Length, ref row, out overwritten);

    private int Copy<T>(T into, int countMax, ref long row, out long overwritten)
        where T : IRowCopy, allows ref struct
    {
        long wanted = row;
        while (true)
        {
            // Head first: cells read after it hold at least every row before it.
            long head = Volatile.Read(ref _head);
            RowSlots slots = Volatile.Read(ref _published);
            long from = Math.Max(wanted, slots.Oldest(head));
            int count = (int)Math.Clamp(head - from, 0, countMax);
            if (count > 0)
            {
                into.Take(slots, from, count);
            }
            if (!IsWhole(slots, from, count, out int torn))
            {
                continue;   // Grown or parked meanwhile: happens a few times in a ring's life.
            }
            if (torn > 0)
            {
                into.DropFirst(slots, torn, count);
            }
            overwritten = Math.Min(from, Math.Max(head, wanted)) - wanted + torn;
            row = wanted + overwritten + (count - torn);
            return count - torn;
        }
    }

    /// <summary>The oldest row that can still be read.</summary>
    public long OldestRow()
    {
        long head = HeadOrReserved();
        return Math.Min(Volatile.Read(ref _published).Oldest(head), Volatile.Read(ref _head));
    }

    /// <summary>
    /// A row from which reading meets every kept sample at or after <paramref name="fromNs"/>. Exact while timestamps
    /// rise; the oldest row when some in the ring do not.
    /// </summary>
    public long Seek(long fromNs)
    {
        long head = Volatile.Read(ref _head);
        RowSlots slots = Volatile.Read(ref _published);
        long low = slots.Oldest(head);
        if (slots.Capacity == 0 || Volatile.Read(ref _disorderedAt) >= low)
        {
            return Math.Min(low, head);
        }
        // A row overwritten during the search holds a later time, which moves the search to the left: never past a sample.
        long high = head;
        while (low < high)
        {
            long middle = low + ((high - low) >> 1);
            if (slots.TimestampNs(middle) >= fromNs)
            {
                high = middle;
            }
            else
            {
                low = middle + 1;
            }
        }
        return low;
    }

    /// <summary>True when timestamps from <paramref name="row"/> on only rise.</summary>
    public bool IsOrderedFrom(long row) => Volatile.Read(ref _disorderedAt) < row;

    /// <summary>After copying: false when the cells were replaced meanwhile, else how many of the first rows may be torn.</summary>
    private bool IsWhole(RowSlots slots, long from, int count, out int torn)
    {
        Volatile.ReadBarrier();
        long headAfter = HeadOrReserved();
        torn = (int)Math.Clamp(slots.Oldest(headAfter) - from, 0, count);
        return ReferenceEquals(slots, Volatile.Read(ref _published));
    }
}
