namespace Observability.Aggregator.Rings;

internal sealed partial class ScalarRing
{
    /// <summary>
    /// Copies what was appended from <paramref name="position"/> on, oldest first, as much as fits, and moves the position
    /// behind it. Any thread. Returns the rows copied; <paramref name="overwritten"/> counts samples that were gone already.
    /// </summary>
    public int CopyNew(ref long position, in SampleColumns columns, out long overwritten)
    {
        long wanted = position;
        while (true)
        {
            // Head first: arrays read after it hold at least every sample before it.
            long head = Volatile.Read(ref _head);
            ScalarSlots slots = Volatile.Read(ref _published);
            long from = Math.Max(wanted, slots.Oldest(head));
            int count = (int)Math.Clamp(head - from, 0, columns.Length);
            slots.CopyTo(from, count, columns);
            Volatile.ReadBarrier();
            long headAfter = Volatile.Read(ref _head);
            if (!ReferenceEquals(slots, Volatile.Read(ref _published)))
            {
                continue;   // Grown meanwhile: happens a few times in a ring's life.
            }
            int torn = (int)Math.Clamp(slots.Oldest(headAfter) - from, 0, count);
            if (torn > 0)
            {
                columns.DropFirst(torn, count);
            }
            overwritten = from - wanted + torn;
            position = from + count;
            return count - torn;
        }
    }

    /// <summary>The oldest position that can still be read.</summary>
    public long OldestPosition()
    {
        long head = Volatile.Read(ref _head);
        return Volatile.Read(ref _published).Oldest(head);
    }

    /// <summary>
    /// A position from which reading meets every kept sample at or after <paramref name="fromNs"/>. Exact while timestamps
    /// rise; the oldest position when some in the ring do not.
    /// </summary>
    public long Seek(long fromNs)
    {
        long head = Volatile.Read(ref _head);
        ScalarSlots slots = Volatile.Read(ref _published);
        long low = slots.Oldest(head);
        if (Volatile.Read(ref _disorderedAt) >= low)
        {
            return low;
        }
        // A slot overwritten during the search holds a later time, which moves the search to the left: never past a sample.
        long high = head;
        int mask = slots.Slots.Length - 1;
        while (low < high)
        {
            long middle = low + ((high - low) >> 1);
            if (slots.Slots[(int)middle & mask].TimestampNs >= fromNs)
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

    /// <summary>True when timestamps from <paramref name="position"/> on only rise.</summary>
    public bool IsOrderedFrom(long position) => Volatile.Read(ref _disorderedAt) < position;
}
