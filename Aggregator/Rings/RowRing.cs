using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Observability.Aggregator.Rings;

/// <summary>
/// [Data plane] The recent rows of one series or of several that are always written together: a timestamp and a value of each. One writer thread; any number
/// of readers, which never stop it and never see a torn row. Full means overwrite the oldest row. A sealer may tell how far it has copied rows
/// away: as long as the limits allow, a ring grows rather than overwrite what was not copied. Growing is the only time that it allocates.
/// </summary>
/// <remarks>
/// <para>Why it is right without a lock.</para>
/// <para><b>Publication.</b> The writer fills row <c>head</c>, then stores <c>head + 1</c> with release. The arrays are published as one reference
/// (<see cref="RowSlots"/>) that also says from which row on they hold anything, and before any head that needs them. A reader loads the head first, then the
/// reference, so the arrays it gets hold every row before that head that is still kept. A row number is never reused.</para>
/// <para><b>Overwriting.</b> Row r lies where row r - capacity lay. While <c>head</c> is published the writer may be in row <c>head</c>, so row head - capacity may
/// be torn and every later one is whole: <see cref="RowSlots.Oldest"/>. A reader copies, then loads the head again, behind a read barrier, and drops the rows
/// that lie before <c>Oldest</c> of that head: they count as overwritten. That is proof only if the head becomes visible before the row behind it changes, hence the
/// store barrier between the last head and the cells. So once it has wrapped, a ring shows one row less than it has slots, and what a reader copied plus
/// what was overwritten is exactly how far its position moved.</para>
/// <para><b>Runs.</b> Samples of one series may be written as a run of up to <see cref="BulkRowsMax"/> rows, at most a quarter of the ring. The writer stores the end
/// of the run in <see cref="_reserved"/>, then a store barrier, then the cells, then the head. A reader's second look takes the larger of the two for the
/// head, so the rows that the run overwrites are dropped too.</para>
/// <para><b>Growing.</b> The writer copies the kept rows into new arrays and publishes them; the former ones are never written again. A reader that copied from
/// those sees that the reference has changed and copies once more. That happens a few times in a ring's life.</para>
/// <para><b>The fast path</b> ends at <see cref="_roomEndsAt"/>: the row at which the writer has to look whether to grow. Everything rare is behind that one test,
/// which is also how another thread stops the writer.</para>
/// <para><b>Parking</b> takes an idle ring's memory, by one thread that is not the writer, in two steps. First the parker closes the fast path
/// (<see cref="AskToPark"/>). Then a barrier of the whole process makes every processor finish what it was doing, once for many rings. A writer that was inside an
/// append is now seen by <see cref="_writing"/>, and one that has finished since by the head or by the reopened fast path: the parker leaves the
/// ring alone. Any other will find the fast path closed and go through <see cref="MakeRoom"/>, where it puts the same arrays under a new reference by
/// compare-and-swap. The parker replaces the reference by compare-and-swap too (<see cref="TryPark"/>). One of the two wins: either the parker finds another
/// reference and gives up, or the writer finds the parked one, which has no slots, and allocates.</para>
/// </remarks>
/// <param name="limits">What bounds its growth.</param>
/// <param name="width">Series in a row.</param>
/// <param name="newestTimestampNs">What its series have seen before: a row older than this is out of order.</param>
internal sealed class RowRing(RingLimits limits, int width, long newestTimestampNs = long.MinValue)
{
    /// <summary>Rows that are written before they are published: what readers lose of the oldest, at most a quarter of the ring.</summary>
    internal const int BulkRowsMax = 128;

    private const long Never = -1;
    private const long ParkAsked = -1;

    private readonly int _width = width;

    // The writer's alone, but for parking: the parker may empty _cells once it has proved that the writer is away, and closes the fast path by _roomEndsAt.
    private int _mask;
    private int _writing;
    private long[] _cells = [];
    private AggregateSlot[]? _aggregates;
    private long _roomEndsAt;
    private long _lapStartedNs;

    // Written by the writer, read by anyone.
    private long _head;
    private long _reserved;    // Rows up to here may be in the middle of being written; behind the head while samples come one by one.
    private long _newestTimestampNs = newestTimestampNs;
    private long _receivedNs;
    private long _disorderedAt = Never;
    private long _lateRows;
    private RowSlots _published = RowSlots.None;

    private long _sealedRows;    // Written by the sealer.

    public int Width => _width;

    /// <summary>Rows ever appended: the number that the next one gets.</summary>
    public long Head => Volatile.Read(ref _head);

    /// <summary>The greatest timestamp seen.</summary>
    public long NewestTimestampNs => Volatile.Read(ref _newestTimestampNs);

    /// <summary>When the newest row was received, by the aggregator's clock; 0 before the first.</summary>
    public long ReceivedNs => Volatile.Read(ref _receivedNs);

    public int Capacity => Volatile.Read(ref _published).Capacity;

    public bool HasAggregates => Volatile.Read(ref _published).Aggregates is not null;

    /// <summary>The ring's memory, as reserved from the budget.</summary>
    public long SizeInBytes => Volatile.Read(ref _published).SizeInBytes;

    /// <summary>Rows before this one have been copied elsewhere and may be overwritten. Written by the sealer alone.</summary>
    public long SealedRows
    {
        get => Volatile.Read(ref _sealedRows);
        set => Volatile.Write(ref _sealedRows, value);
    }

    /// <summary>Rows older than one before them.</summary>
    public long LateRows => Volatile.Read(ref _lateRows);

    /// <summary>Fetches the cells that the next append to a ring of one series writes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void FetchNext() =>
        Ahead.Fetch(ref Unsafe.As<long, byte>(ref Unsafe.Add(ref MemoryMarshal.GetArrayDataReference(_cells), ((int)_head & _mask) * 2)));

    // ---- Appending: the writer's thread.

    /// <summary>To a ring of one series.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Append(long timestampNs, long bits, long receivedNs)
    {
        Volatile.Write(ref _writing, 1);
        long head = HeadWithRoom(receivedNs);
        int row = (int)head & _mask;
        // Overwriting, above: costs nothing on x64.
        Volatile.WriteBarrier();
        ref long cell = ref Unsafe.Add(ref MemoryMarshal.GetArrayDataReference(_cells), row * 2);
        cell = timestampNs;
        Unsafe.Add(ref cell, 1) = bits;
        if (_aggregates is not null)
        {
            _aggregates[row].Count = 0;
        }
        Publish(head, timestampNs, receivedNs);
    }

    /// <summary>One value of each series.</summary>
    public void AppendRow(long timestampNs, ReadOnlySpan<long> bits, long receivedNs)
    {
        Volatile.Write(ref _writing, 1);
        long head = HeadWithRoom(receivedNs);
        int row = (int)head & _mask;
        int at = row * (_width + 1);
        Volatile.WriteBarrier();
        bits.CopyTo(_cells.AsSpan(at + 1, _width));
        _cells[at] = timestampNs;
        if (_aggregates is not null)
        {
            _aggregates[row].Count = 0;
        }
        Publish(head, timestampNs, receivedNs);
    }

    /// <summary>
    /// Appends a conflated sample to a ring of one series: <paramref name="bits"/> is its last value, <paramref name="timestampNs"/> the
    /// interval's end.
    /// </summary>
    public void AppendAggregate(long timestampNs, long bits, in AggregateSlot aggregate, long receivedNs)
    {
        Volatile.Write(ref _writing, 1);
        long head = HeadWithRoom(receivedNs);
        if (_aggregates is null)
        {
            AddAggregates(head);
        }
        int row = (int)head & _mask;
        Volatile.WriteBarrier();
        _cells[row * 2] = timestampNs;
        _cells[(row * 2) + 1] = bits;
        _aggregates![row] = aggregate;
        Publish(head, timestampNs, receivedNs);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private long HeadWithRoom(long receivedNs)
    {
        long head = _head;
        if (head >= Volatile.Read(ref _roomEndsAt))
        {
            MakeRoom(head, receivedNs);
        }
        return head;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Publish(long head, long timestampNs, long receivedNs)
    {
        if (timestampNs >= _newestTimestampNs)
        {
            _newestTimestampNs = timestampNs;
        }
        else
        {
            _disorderedAt = head;
            _lateRows++;
        }
        _receivedNs = receivedNs;
        Volatile.Write(ref _head, head + 1);
        Volatile.Write(ref _writing, 0);
    }

    /// <summary>
    /// Several samples to a ring of one series: timestamp and bits of each in turn. Appended one by one, each waits for the memory of its row; written as
    /// one run of memory, the processor fetches many rows at a time.
    /// </summary>
    public void AppendPairs(ReadOnlySpan<long> pairs, long receivedNs)
    {
        Volatile.Write(ref _writing, 1);
        while (!pairs.IsEmpty)
        {
            Span<long> cells = ReserveRows(pairs.Length / 2, receivedNs);
            pairs[..cells.Length].CopyTo(cells);
            PublishRows(cells, receivedNs);
            pairs = pairs[cells.Length..];
        }
        Volatile.Write(ref _writing, 0);
    }

    /// <summary>As <see cref="AppendPairs"/>: timestamps, and as many bits.</summary>
    public void AppendColumns(ReadOnlySpan<long> timestampsNs, ReadOnlySpan<long> bits, long receivedNs)
    {
        Volatile.Write(ref _writing, 1);
        while (!timestampsNs.IsEmpty)
        {
            Span<long> cells = ReserveRows(timestampsNs.Length, receivedNs);
            int count = cells.Length / 2;
            Interleave(timestampsNs[..count], bits[..count], cells);
            PublishRows(cells, receivedNs);
            timestampsNs = timestampsNs[count..];
            bits = bits[count..];
        }
        Volatile.Write(ref _writing, 0);
    }

    private static void Interleave(ReadOnlySpan<long> timestampsNs, ReadOnlySpan<long> bits, Span<long> cells)
    {
        ref long cell = ref MemoryMarshal.GetReference(cells);
        for (int i = 0; i < timestampsNs.Length && i < bits.Length; i++)
        {
            cell = timestampsNs[i];
            Unsafe.Add(ref cell, 1) = bits[i];
            cell = ref Unsafe.Add(ref cell, 2);
        }
    }

    /// <summary>The cells of the next rows that lie side by side: at least one, at most so many.</summary>
    private Span<long> ReserveRows(int countMax, long receivedNs)
    {
        long head = HeadWithRoom(receivedNs);
        int capacity = _mask + 1;
        int row = (int)head & _mask;
        long room = Volatile.Read(ref _roomEndsAt) - head;      // Negative when the ring was asked to park just now: there is one row all the same.
        int count = (int)Math.Max(1, Math.Min(Math.Min(countMax, capacity - row), Math.Min(room, Math.Min(BulkRowsMax, capacity / 4))));
        Volatile.Write(ref _reserved, head + count);
        Volatile.WriteBarrier();
        return _cells.AsSpan(row * 2, count * 2);
    }

    private void PublishRows(ReadOnlySpan<long> cells, long receivedNs)
    {
        long head = _head;
        int count = cells.Length / 2;
        if (_aggregates is not null)
        {
            ForgetAggregates((int)head & _mask, count);
        }
        long newest = _newestTimestampNs;
        for (int i = 0; i < count; i++)
        {
            long timestampNs = cells[2 * i];
            if (timestampNs < newest)
            {
                _disorderedAt = head + i;
                _lateRows++;
            }
            newest = Math.Max(newest, timestampNs);
        }
        _newestTimestampNs = newest;
        _receivedNs = receivedNs;
        Volatile.Write(ref _head, head + count);
    }

    private void ForgetAggregates(int row, int count)
    {
        foreach (ref AggregateSlot slot in _aggregates.AsSpan(row, count))
        {
            slot.Count = 0;
        }
    }

    // ---- Growing and wrapping: the writer's thread, seldom.

    /// <summary>
    /// Called before the last slot is filled with rows that are not sealed: growing then keeps every row, and no reader meets a full ring that is about to
    /// grow.
    /// </summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private void MakeRoom(long head, long receivedNs)
    {
        RowSlots slots = Volatile.Read(ref _published);
        bool mayPark = Volatile.Read(ref _roomEndsAt) == ParkAsked;
        if (slots.Capacity > 0 && mayPark)
        {
            RowSlots mine = new(slots);
            RowSlots seen = Interlocked.CompareExchange(ref _published, mine, slots);
            slots = ReferenceEquals(seen, slots) ? mine : seen;
        }
        int capacity = slots.Capacity;
        long kept = Math.Max(SealedRows, slots.FirstRow);
        if (capacity == 0)
        {
            int first = Math.Min(RingLimits.SlotsFirst, limits.SlotsMax);
            limits.Budget.Reserve(RowSlots.SizeOf(first, _width, withAggregates: false));
            Use(new RowSlots(first, _width, withAggregates: false, head));
            (_lapStartedNs, capacity, kept) = (receivedNs, first, head);
        }
        else if (head - kept >= capacity - 1 && capacity < limits.SlotsMax && receivedNs - _lapStartedNs < limits.SpanNs
            && limits.Budget.TryReserve(slots.SizeInBytes))
        {
            Replace(capacity * 2, slots.Aggregates is not null, head);    // Every row is kept, so the lap goes on.
            capacity *= 2;
        }
        else
        {
            _lapStartedNs = receivedNs;
        }
        SetRoom(head, capacity, kept);
    }

    private void SetRoom(long head, int capacity, long kept)
    {
        long untilUnsealed = kept + capacity - 1;
        Volatile.Write(ref _roomEndsAt, untilUnsealed > head ? untilUnsealed : (head + 1) | (uint)_mask);
    }

    /// <summary>The first conflated sample. Within the budget the ring keeps its size; past it, it gives up its oldest rows.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private void AddAggregates(long head)
    {
        RowSlots slots = _published;
        int capacity = slots.Capacity;
        long bytes = RowSlots.SizeOf(capacity, 1, withAggregates: true) - slots.SizeInBytes;
        if (capacity == RingLimits.SlotsFirst)
        {
            limits.Budget.Reserve(bytes);
        }
        else if (!limits.Budget.TryReserve(bytes))
        {
            // A quarter of the slots, each three times the size, fits where the plain ones were.
            int smaller = Math.Max(capacity / 4, RingLimits.SlotsFirst);
            limits.Budget.Release(slots.SizeInBytes - RowSlots.SizeOf(smaller, 1, withAggregates: true));
            capacity = smaller;
        }
        Replace(capacity, withAggregates: true, head);
        SetRoom(head, capacity, Math.Max(SealedRows, _published.FirstRow));
    }

    private void Replace(int capacity, bool withAggregates, long head)
    {
        RowSlots former = _published;
        long kept = Math.Min(Math.Min(head - former.FirstRow, former.Capacity), capacity);
        RowSlots next = new(capacity, _width, withAggregates, head - kept);
        for (long row = head - kept; row < head; row++)
        {
            int from = (int)row & (former.Capacity - 1);
            int to = (int)row & (capacity - 1);
            former.Cells.AsSpan(from * former.Stride, former.Stride).CopyTo(next.Cells.AsSpan(to * next.Stride));
            if (former.Aggregates is not null && next.Aggregates is not null)
            {
                next.Aggregates[to] = former.Aggregates[from];
            }
        }
        Use(next);
    }

    private void Use(RowSlots slots)
    {
        _cells = slots.Cells;
        _aggregates = slots.Aggregates;
        _mask = Math.Max(slots.Capacity - 1, 0);
        Volatile.Write(ref _published, slots);
    }

    // ---- Reading: any thread.

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

    /// <summary>The head, or where rows are being written ahead of it: what lies a lap behind it may be torn.</summary>
    private long HeadOrReserved() => Math.Max(Volatile.Read(ref _reserved), Volatile.Read(ref _head));

    // ---- Parking: one thread that is not the writer.

    /// <summary>First step. The caller then calls Interlocked.MemoryBarrierProcessWide, once for all rings it asked. Returns the head to park at.</summary>
    public long AskToPark()
    {
        long head = Volatile.Read(ref _head);
        Volatile.Write(ref _roomEndsAt, ParkAsked);
        return head;
    }

    /// <summary>
    /// Second step. Releases the memory when all rows are sealed and the writer has not been here since the first step. The ring goes on with its next
    /// append, from its first size.
    /// </summary>
    public bool TryPark(long headWhenAsked)
    {
        RowSlots slots = Volatile.Read(ref _published);
        long[] cells = _cells;
        AggregateSlot[]? aggregates = _aggregates;
        if (Volatile.Read(ref _writing) != 0 || Volatile.Read(ref _roomEndsAt) != ParkAsked || Volatile.Read(ref _head) != headWhenAsked
            || SealedRows < headWhenAsked || slots.Capacity == 0 || !ReferenceEquals(cells, slots.Cells))
        {
            return false;
        }
        RowSlots parked = new(0, _width, withAggregates: false, headWhenAsked);
        if (!ReferenceEquals(Interlocked.CompareExchange(ref _published, parked, slots), slots))
        {
            return false;
        }
        // The writer, if it is back, allocates: its new cells must not be taken for the old ones.
        Interlocked.CompareExchange(ref _cells, [], cells);
        Interlocked.CompareExchange(ref _aggregates, null, aggregates);
        limits.Budget.Release(slots.SizeInBytes);
        return true;
    }

    /// <summary>Before the first append: the ring takes the place of one that had so many rows, all of them sealed, as if parked.</summary>
    public void Restore(long rows, long receivedNs)
    {
        (_head, _sealedRows, _receivedNs) = (rows, rows, receivedNs);
        _published = new RowSlots(0, _width, withAggregates: false, rows);
    }
}
