namespace Observability.Aggregator.Rings;

/// <summary>How an idle ring's memory is taken without a lock: as <see cref="RowRing"/>'s is, by the same steps.</summary>
internal sealed partial class RecordRing
{
    private const long ParkAsked = -1;

    /// <summary>A fresh ring takes the place of one that had so many records, all of them sealed: as if parked.</summary>
    public void Restore(long records, long newestTimestampNs, long receivedNs)
    {
        (_head, _sealedRecords, _newestTimestampNs, _receivedNs) = (records, records, newestTimestampNs, receivedNs);
        _slots = _published = new RecordSlots(0, 0, records);
    }

    /// <summary>First step. The caller then calls Interlocked.MemoryBarrierProcessWide, once for all rings it asked. Returns the head to park at.</summary>
    public long AskToPark()
    {
        long head = Volatile.Read(ref _head);
        Volatile.Write(ref _roomEndsAt, ParkAsked);
        return head;
    }

    /// <summary>
    /// Second step. Gives back the memory when nothing was appended since the first step, nobody is appending, and all records are sealed. The ring
    /// goes on with its next append, from its first size.
    /// </summary>
    public bool TryPark(long headWhenAsked)
    {
        RecordSlots slots = Volatile.Read(ref _published);
        if (Volatile.Read(ref _writing) != 0 || Volatile.Read(ref _head) != headWhenAsked || SealedRecords < headWhenAsked || slots.Slots.Length == 0
            || !ReferenceEquals(Volatile.Read(ref _slots), slots))
        {
            return false;
        }
        RecordSlots parked = new(0, 0, headWhenAsked);
        if (!ReferenceEquals(Interlocked.CompareExchange(ref _published, parked, slots), slots))
        {
            return false;
        }
        // The writer, if it is back, allocates: its new slots must not be taken for the old ones.
        Interlocked.CompareExchange(ref _slots, parked, slots);
        limits.Budget.Release(slots.TotalBytes);
        return true;
    }
}
