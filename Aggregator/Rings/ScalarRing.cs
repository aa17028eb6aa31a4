using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Observability.Aggregator.Rings;

/// <summary>
/// The recent samples of one series. One writer thread; any number of readers, which never stop it and never see a torn
/// sample. Full means overwrite the oldest. Grows by doubling while the limits allow, which is the only time it allocates.
/// </summary>
internal sealed partial class ScalarRing(RingLimits limits)
{
    private const long Never = -1;

    // The writer's own view of the arrays; readers take _published.
    private ScalarSlot[] _slots = [];
    private AggregateSlot[]? _aggregates;
    private int _mask;
    private long _roomEndsAt;
    private long _lapStartedNs;

    private long _head;
    private long _newestTimestampNs = long.MinValue;
    private long _receivedNs;
    private long _disorderedAt = Never;
    private ScalarSlots _published = ScalarSlots.None;

    /// <summary>Samples ever appended: the position that the next one gets.</summary>
    public long Head => Volatile.Read(ref _head);

    /// <summary>The greatest timestamp seen; 0 before the first sample.</summary>
    public long NewestTimestampNs => Head == 0 ? 0 : Volatile.Read(ref _newestTimestampNs);

    /// <summary>When the newest sample was received, by the aggregator's clock; 0 before the first.</summary>
    public long ReceivedNs => Volatile.Read(ref _receivedNs);

    public int Capacity => Volatile.Read(ref _published).Slots.Length;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Append(long timestampNs, long bits, long receivedNs)
    {
        long head = _head;
        if (head >= _roomEndsAt)
        {
            MakeRoom(head, receivedNs);
        }
        int index = (int)head & _mask;
        // The head published last must be seen before this slot changes, or a reader could take the old head for proof
        // that the slot is still whole. Costs nothing on x64.
        Volatile.WriteBarrier();
        ref ScalarSlot slot = ref Unsafe.Add(ref MemoryMarshal.GetArrayDataReference(_slots), index);
        slot.TimestampNs = timestampNs;
        slot.Bits = bits;
        if (_aggregates is not null)
        {
            _aggregates[index].Count = 0;
        }
        Publish(head, timestampNs, receivedNs);
    }

    /// <summary>Appends a conflated sample: <paramref name="bits"/> is its last value, <paramref name="timestampNs"/> the interval's end.</summary>
    public void AppendAggregate(long timestampNs, long bits, in AggregateSlot aggregate, long receivedNs)
    {
        long head = _head;
        if (head >= _roomEndsAt)
        {
            MakeRoom(head, receivedNs);
        }
        if (_aggregates is null)
        {
            AddAggregates(head);
        }
        int index = (int)head & _mask;
        Volatile.WriteBarrier();
        _slots[index].TimestampNs = timestampNs;
        _slots[index].Bits = bits;
        _aggregates![index] = aggregate;
        Publish(head, timestampNs, receivedNs);
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
        }
        _receivedNs = receivedNs;
        Volatile.Write(ref _head, head + 1);
    }

    /// <summary>
    /// Called before the last slot is filled: growing then keeps every sample, and no reader meets a full ring that is
    /// about to grow.
    /// </summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private void MakeRoom(long head, long receivedNs)
    {
        int capacity = _slots.Length;
        bool withAggregates = _aggregates is not null;
        if (capacity == 0)
        {
            limits.Budget.Reserve(ScalarSlots.Bytes(RingLimits.SlotsFirst, withAggregates));
            Replace(RingLimits.SlotsFirst, withAggregates, head);
            _lapStartedNs = receivedNs;
        }
        else if (capacity < limits.SlotsMax
            && receivedNs - _lapStartedNs < limits.SpanNs
            && limits.Budget.TryReserve(ScalarSlots.Bytes(capacity, withAggregates)))
        {
            Replace(capacity * 2, withAggregates, head);    // What the lap brought stays: the lap goes on.
        }
        else
        {
            _lapStartedNs = receivedNs;
        }
        _roomEndsAt = NextLastSlot(head);
    }

    private long NextLastSlot(long head) => (head + 1) | (uint)_mask;

    /// <summary>The first conflated sample. Within the budget the ring keeps its size; past it, it gives up its oldest samples.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private void AddAggregates(long head)
    {
        int capacity = _slots.Length;
        long bytes = ScalarSlots.Bytes(capacity, withAggregates: true) - ScalarSlots.Bytes(capacity, withAggregates: false);
        if (capacity == RingLimits.SlotsFirst)
        {
            limits.Budget.Reserve(bytes);
        }
        else if (!limits.Budget.TryReserve(bytes))
        {
            // A quarter of the slots, each three times the size, fits where the plain ones were.
            int smaller = Math.Max(capacity / 4, RingLimits.SlotsFirst);
            limits.Budget.Release(ScalarSlots.Bytes(capacity, withAggregates: false) - ScalarSlots.Bytes(smaller, withAggregates: true));
            capacity = smaller;
        }
        Replace(capacity, withAggregates: true, head);
        _roomEndsAt = NextLastSlot(head);
    }

    private void Replace(int capacity, bool withAggregates, long head)
    {
        long kept = Math.Min(Math.Min(head - _published.FirstPosition, _slots.Length), capacity);
        ScalarSlots next = new(capacity, withAggregates, head - kept);
        for (long position = head - kept; position < head; position++)
        {
            int from = (int)position & (_slots.Length - 1);
            int to = (int)position & (capacity - 1);
            next.Slots[to] = _slots[from];
            if (_aggregates is not null && next.Aggregates is not null)
            {
                next.Aggregates[to] = _aggregates[from];
            }
        }
        _slots = next.Slots;
        _mask = capacity - 1;
        _aggregates = next.Aggregates;
        Volatile.Write(ref _published, next);
    }
}
