namespace Observability.Aggregator.Rings;

internal sealed partial class RecordRing
{
    /// <summary>
    /// Copies the record at <paramref name="position"/>, or the oldest kept one after it, into <paramref name="scratch"/>
    /// (which grows to the largest record met) and moves the position behind it. Any thread. Returns its size, or -1 when
    /// nothing is new; <paramref name="overwritten"/> counts the records skipped because they were gone.
    /// </summary>
    public int ReadNext(ref long position, ref byte[] scratch, out long timestampNs, out long overwritten)
    {
        long wanted = position;
        long at = wanted;
        while (true)
        {
            long head = Volatile.Read(ref _head);
            RecordSlots slots = Volatile.Read(ref _published);
            at = Math.Max(at, slots.Oldest(head));
            if (at >= head)
            {
                timestampNs = 0;
                overwritten = at - wanted;
                position = at;
                return -1;
            }
            RecordSlot slot = slots.Slots[(int)at & (slots.Slots.Length - 1)];
            if (!IsStillWhole(slots, at, long.MaxValue, out bool replaced))
            {
                at += replaced ? 0 : 1;
                continue;
            }
            // From here on the slot is known to be whole; its bytes may still be gone.
            if (scratch.Length < slot.Size)
            {
                scratch = new byte[slot.Size];
            }
            if (slot.Start >= Volatile.Read(ref _bytesReserved) - slots.Bytes.Length)
            {
                slots.Read(slot.Start, scratch.AsSpan(0, slot.Size));
            }
            if (IsStillWhole(slots, at, slot.Start, out replaced))
            {
                timestampNs = slot.TimestampNs;
                overwritten = at - wanted;
                position = at + 1;
                return slot.Size;
            }
            at += replaced ? 0 : 1;
        }
    }

    /// <summary>The oldest position that can still be read.</summary>
    public long OldestPosition()
    {
        long head = Volatile.Read(ref _head);
        return Math.Min(Volatile.Read(ref _published).Oldest(head), Volatile.Read(ref _head));
    }

    /// <summary>True when timestamps from <paramref name="position"/> on only rise.</summary>
    public bool IsOrderedFrom(long position) => Volatile.Read(ref _disorderedAt) < position;

    private bool IsStillWhole(RecordSlots slots, long position, long start, out bool replaced)
    {
        Volatile.ReadBarrier();
        long head = Volatile.Read(ref _head);
        long bytesReserved = Volatile.Read(ref _bytesReserved);
        replaced = !ReferenceEquals(slots, Volatile.Read(ref _published));
        return !replaced && position >= slots.Oldest(head) && start >= bytesReserved - slots.Bytes.Length;
    }
}
