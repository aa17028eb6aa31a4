using System.Numerics;
using System.Runtime.CompilerServices;

namespace Observability.Aggregator.Rings;

/// <summary>
/// The recent records (histograms, as bytes) of one series. One writer thread; any number of readers, which never stop it
/// and never see a torn record. Full, in slots or in bytes, means overwrite the oldest. Grows by doubling while the limits
/// allow, which is the only time it allocates.
/// </summary>
internal sealed partial class RecordRing(RingLimits limits)
{
    private const long Never = -1;

    // The writer's own view; readers take _published.
    private RecordSlots _slots = RecordSlots.None;
    private long _roomEndsAt;
    private long _bytesHead;
    private long _bytesRoomEndsAt;
    private long _lapStartedNs;
    private long _bytesLapStartedNs;

    private long _head;
    private long _bytesReserved;
    private long _newestTimestampNs = long.MinValue;
    private long _receivedNs;
    private long _disorderedAt = Never;
    private RecordSlots _published = RecordSlots.None;

    /// <summary>Records ever appended.</summary>
    public long Head => Volatile.Read(ref _head);

    public long NewestTimestampNs => Head == 0 ? 0 : Volatile.Read(ref _newestTimestampNs);

    public long ReceivedNs => Volatile.Read(ref _receivedNs);

    public int Capacity => Volatile.Read(ref _published).Slots.Length;

    /// <summary>False when the ring cannot hold a record of this size, or the budget has no room for it; the caller counts it as rejected.</summary>
    public bool TryAppend(long timestampNs, ReadOnlySpan<byte> record, long receivedNs)
    {
        long head = _head;
        if (head >= _roomEndsAt)
        {
            MakeRoom(head, receivedNs);
        }
        long start = _bytesHead;
        if ((start + record.Length > _bytesRoomEndsAt || record.Length > _slots.Bytes.Length / 4) && !TryMakeByteRoom(head, record.Length, receivedNs))
        {
            return false;
        }
        // Readers must learn that these bytes are going before they go.
        Volatile.Write(ref _bytesReserved, start + record.Length);
        Volatile.WriteBarrier();
        _slots.Write(start, record);
        _slots.Slots[(int)head & (_slots.Slots.Length - 1)] = new RecordSlot { TimestampNs = timestampNs, Start = start, Size = record.Length };
        _bytesHead = start + record.Length;
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
        return true;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void MakeRoom(long head, long receivedNs)
    {
        int capacity = _slots.Slots.Length;
        if (capacity == 0)
        {
            limits.Budget.Reserve(RecordSlots.SizeInBytes(RingLimits.SlotsFirst, RingLimits.RecordBytesFirst));
            Replace(head, RingLimits.SlotsFirst, RingLimits.RecordBytesFirst);
            _lapStartedNs = _bytesLapStartedNs = receivedNs;
        }
        else if (capacity < limits.SlotsMax && MayGrow(receivedNs - _lapStartedNs, RecordSlots.SizeInBytes(capacity, 0)))
        {
            Replace(head, capacity * 2, _slots.Bytes.Length);    // What the lap brought stays: the lap goes on.
        }
        else
        {
            _lapStartedNs = receivedNs;
        }
        _roomEndsAt = (head + 1) | (uint)(_slots.Slots.Length - 1);
    }

    /// <summary>
    /// Called when the bytes would come round: grows if the limits allow, and must grow for a record of more than a quarter
    /// of the ring, so that a ring always holds several.
    /// </summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private bool TryMakeByteRoom(long head, int size, long receivedNs)
    {
        int capacity = _slots.Bytes.Length;
        int needed = (int)BitOperations.RoundUpToPowerOf2((uint)size * 4);
        if (needed > limits.RecordBytesMax)
        {
            return false;
        }
        if (needed > capacity)
        {
            if (!limits.Budget.TryReserve(needed - capacity))
            {
                return false;
            }
            Replace(head, _slots.Slots.Length, needed);
        }
        else if (capacity < limits.RecordBytesMax && BytesInSlots(head) > capacity / 2 && MayGrow(receivedNs - _bytesLapStartedNs, capacity))
        {
            Replace(head, _slots.Slots.Length, capacity * 2);
        }
        else
        {
            _bytesLapStartedNs = receivedNs;
        }
        _bytesRoomEndsAt = (_bytesHead | (uint)(_slots.Bytes.Length - 1)) + 1;
        if (_bytesHead + size > _bytesRoomEndsAt)
        {
            _bytesRoomEndsAt += _slots.Bytes.Length;
        }
        return true;
    }

    /// <summary>Bytes of the records that the slots still hold: what lies before them may be overwritten without loss.</summary>
    private long BytesInSlots(long head)
    {
        long oldest = _slots.Oldest(head);
        return head == oldest ? 0 : _bytesHead - _slots.Slots[(int)oldest & (_slots.Slots.Length - 1)].Start;
    }

    private bool MayGrow(long lapNs, long bytes) => lapNs < limits.SpanNs && limits.Budget.TryReserve(bytes);

    private void Replace(long head, int capacity, int byteCapacity)
    {
        RecordSlots former = _slots;
        long first = OldestWhole(head, former, _bytesHead);
        RecordSlots next = new(capacity, byteCapacity, first);
        for (long position = first; position < head; position++)
        {
            RecordSlot slot = former.Slots[(int)position & (former.Slots.Length - 1)];
            next.Slots[(int)position & (capacity - 1)] = slot;
            int index = (int)slot.Start & (former.Bytes.Length - 1);
            int untilEnd = Math.Min(slot.Size, former.Bytes.Length - index);
            next.Write(slot.Start, former.Bytes.AsSpan(index, untilEnd));
            next.Write(slot.Start + untilEnd, former.Bytes.AsSpan(0, slot.Size - untilEnd));
        }
        _slots = next;
        Volatile.Write(ref _published, next);
    }

    /// <summary>The oldest position whose slot and bytes are both kept, given the bytes taken so far.</summary>
    private static long OldestWhole(long head, RecordSlots slots, long bytesReserved)
    {
        long position = slots.Oldest(head);
        while (position < head && slots.Slots[(int)position & (slots.Slots.Length - 1)].Start < bytesReserved - slots.Bytes.Length)
        {
            position++;
        }
        return position;
    }
}
