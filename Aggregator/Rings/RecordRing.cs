namespace Observability.Aggregator.Rings;

/// <summary>
/// The recent records (histograms, as bytes) of one series. One writer thread; any number of readers, which never stop it
/// and never see a torn record. Full, in slots or in bytes, means overwrite the oldest. A sealer may tell how far it has copied records away: as long
/// as the limits allow, a ring grows rather than overwrite what was not copied. Growing is the only time that it allocates.
/// </summary>
internal sealed partial class RecordRing(RingLimits limits)
{
    private const long Never = -1;

    // The writer's own view, readers take _published; the parker may empty it once it has proved that the writer is away.
    private RecordSlots _slots = RecordSlots.None;
    private int _writing;
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
    private long _lateRecords;
    private RecordSlots _published = RecordSlots.None;
    private long _sealedRecords;

    /// <summary>Records ever appended.</summary>
    public long Head => Volatile.Read(ref _head);

    public long NewestTimestampNs => Head == 0 ? 0 : Volatile.Read(ref _newestTimestampNs);

    public long ReceivedNs => Volatile.Read(ref _receivedNs);

    public int Capacity => Volatile.Read(ref _published).Slots.Length;

    /// <summary>The ring's memory, as reserved from the budget.</summary>
    public long SizeInBytes => Volatile.Read(ref _published).TotalBytes;

    /// <summary>Records older than one before them.</summary>
    public long LateRecords => Volatile.Read(ref _lateRecords);

    /// <summary>Records before this one have been copied elsewhere and may be overwritten. Written by the sealer alone.</summary>
    public long SealedRecords
    {
        get => Volatile.Read(ref _sealedRecords);
        set => Volatile.Write(ref _sealedRecords, value);
    }

    /// <summary>False when the ring cannot hold a record of this size, or the budget has no room for it; the caller counts it as rejected.</summary>
    public bool TryAppend(long timestampNs, ReadOnlySpan<byte> record, long receivedNs)
    {
        Volatile.Write(ref _writing, 1);
        long head = _head;
        if (head >= Volatile.Read(ref _roomEndsAt))
        {
            MakeRoom(head, receivedNs);
        }
        long start = _bytesHead;
        if ((start + record.Length > _bytesRoomEndsAt || record.Length > _slots.Bytes.Length / 4) && !TryMakeByteRoom(head, record.Length, receivedNs))
        {
            Volatile.Write(ref _writing, 0);
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
            _lateRecords++;
        }
        _receivedNs = receivedNs;
        Volatile.Write(ref _head, head + 1);
        Volatile.Write(ref _writing, 0);
        return true;
    }
}
