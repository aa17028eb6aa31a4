using System.Numerics;
using System.Runtime.CompilerServices;

namespace Observability.Aggregator.Rings;

/// <summary>The writer's rare work: growing, and going round.</summary>
internal sealed partial class RecordRing
{
    [MethodImpl(MethodImplOptions.NoInlining)]
    private void MakeRoom(long head, long receivedNs)
    {
        RecordSlots slots = Volatile.Read(ref _published);
        if (slots.Slots.Length > 0 && Volatile.Read(ref _roomEndsAt) == ParkAsked)
        {
            RecordSlots mine = new(slots);
            RecordSlots seen = Interlocked.CompareExchange(ref _published, mine, slots);
            slots = ReferenceEquals(seen, slots) ? mine : seen;
        }
        _slots = slots;
        int capacity = slots.Slots.Length;
        long kept = Math.Max(SealedRecords, slots.FirstPosition);
        if (capacity == 0)
        {
            capacity = RingLimits.SlotsFirst;
            limits.Budget.Reserve(RecordSlots.SizeInBytes(capacity, RingLimits.RecordBytesFirst));
            Replace(head, capacity, RingLimits.RecordBytesFirst);
            (_lapStartedNs, _bytesLapStartedNs, kept) = (receivedNs, receivedNs, head);
            _bytesRoomEndsAt = _bytesHead + RingLimits.RecordBytesFirst;
        }
        else if (head - kept >= capacity - 1 && capacity < limits.SlotsMax && MayGrow(receivedNs - _lapStartedNs, RecordSlots.SizeInBytes(capacity, 0)))
        {
            Replace(head, capacity * 2, slots.Bytes.Length);    // What the lap brought stays: the lap goes on.
            capacity *= 2;
        }
        else
        {
            _lapStartedNs = receivedNs;
        }
        long untilUnsealed = kept + capacity - 1;
        Volatile.Write(ref _roomEndsAt, untilUnsealed > head ? untilUnsealed : (head + 1) | (uint)(capacity - 1));
    }

    /// <summary>
    /// Called when bytes would be overwritten that may not be copied yet: grows if the limits allow, and must grow for a record of more than a quarter
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
            capacity = needed;
        }
        long kept = KeptFrom(head);
        if (_bytesHead + size - kept <= capacity)
        {
            _bytesLapStartedNs = receivedNs;
        }
        else if (capacity < limits.RecordBytesMax && MayGrow(receivedNs - _bytesLapStartedNs, capacity))
        {
            Replace(head, _slots.Slots.Length, capacity * 2);
            capacity *= 2;
        }
        long untilUnsealed = kept + capacity;
        _bytesRoomEndsAt = untilUnsealed >= _bytesHead + size ? untilUnsealed : _bytesHead + Math.Max(size, capacity / 4);
        return true;
    }

    /// <summary>The first byte of what is not copied and still whole: what lies before it may be overwritten without loss.</summary>
    private long KeptFrom(long head)
    {
        long oldest = Math.Max(SealedRecords, _slots.Oldest(head));
        return oldest >= head ? _bytesHead : Math.Max(_slots.Slots[(int)oldest & (_slots.Slots.Length - 1)].Start, _bytesHead - _slots.Bytes.Length);
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
