using System.Runtime.CompilerServices;

namespace Observability.Aggregator.Rings;

/// <summary>The rare part: growing, and giving the memory of an idle ring back.</summary>
internal sealed partial class RowRing
{
    /// <summary>
    /// Called before the last slot is filled with rows that nobody has copied yet: growing then keeps every row, and no reader meets a full ring
    /// that is about to grow.
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
            int first = Math.Min(RingLimits.SlotsFirst, _limits.SlotsMax);
            _limits.Budget.Reserve(RowSlots.SizeOf(first, _width, withAggregates: false));
            Publish(new RowSlots(first, _width, withAggregates: false, head));
            (_lapStartedNs, capacity, kept) = (receivedNs, first, head);
        }
        else if (head - kept >= capacity - 1 && capacity < _limits.SlotsMax && receivedNs - _lapStartedNs < _limits.SpanNs
            && _limits.Budget.TryReserve(slots.SizeInBytes))
        {
            Replace(capacity * 2, slots.Aggregates is not null, head);    // What the lap brought stays: the lap goes on.
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
            _limits.Budget.Reserve(bytes);
        }
        else if (!_limits.Budget.TryReserve(bytes))
        {
            // A quarter of the slots, each three times the size, fits where the plain ones were.
            int smaller = Math.Max(capacity / 4, RingLimits.SlotsFirst);
            _limits.Budget.Release(slots.SizeInBytes - RowSlots.SizeOf(smaller, 1, withAggregates: true));
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
        Publish(next);
    }

    private void Publish(RowSlots slots)
    {
        _cells = slots.Cells;
        _aggregates = slots.Aggregates;
        _mask = Math.Max(slots.Capacity - 1, 0);
        Volatile.Write(ref _published, slots);
    }
}
