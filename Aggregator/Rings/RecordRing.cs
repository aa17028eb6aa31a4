using System.Numerics;
using System.Runtime.CompilerServices;

namespace Observability.Aggregator.Rings;

/// <summary>
/// [Data plane] The recent records (histograms, as bytes) of one series. One writer thread; any number of readers, which never stop it and never see a torn
/// record. Full, in slots or in bytes, means overwrite the oldest. A sealer may tell how far it has copied records away: as long as the limits allow, a
/// ring grows rather than overwrite what was not copied. Growing is the only time that it allocates.
/// </summary>
/// <remarks>
/// <para>Why it is right without a lock: the argument is <see cref="RowRing"/>'s. What differs is said here.</para>
/// <para><b>Slots and bytes.</b> Each record has a slot, and its bytes lie behind those of the record before it. Both wrap, each at its own pace. A record is whole
/// while neither its slot nor any of its bytes has been reused.</para>
/// <para><b>Overwriting.</b> Which slot the writer may be in follows from the head, as in a row ring. Which bytes does not, so the writer says up to where
/// it is about to write (<see cref="_bytesReserved"/>) before it touches them; a store barrier keeps that, and the last head, ahead of the bytes. A reader
/// copies the slot, checks it, copies the bytes, and checks both: a record behind the oldest safe slot, or one that starts a lap or more
/// behind <see cref="_bytesReserved"/>, may be torn and counts as overwritten. Only a slot known to be whole is used to find bytes, so no length is invented.</para>
/// <para><b>Parking.</b> An append may be refused after it has been in <see cref="MakeRoom"/>. The head is then what it was, but the writer has taken the ring
/// back and reopened its fast path. So the parker asks not only for the head but also whether the fast path is still closed.</para>
/// </remarks>
internal sealed class RecordRing(RingLimits limits)
{
    private const long Never = -1;
    private const long ParkAsked = -1;

    // The writer's alone, but for parking: the parker may empty _slots once it has proved that the writer is away.
    private RecordSlots _slots = RecordSlots.None;
    private int _writing;
    private long _roomEndsAt;
    private long _bytesHead;
    private long _bytesRoomEndsAt;
    private long _lapStartedNs;
    private long _bytesLapStartedNs;

    // Written by the writer, read by anyone.
    private long _head;
    private long _bytesReserved;
    private long _newestTimestampNs = long.MinValue;
    private long _receivedNs;
    private long _disorderedAt = Never;
    private long _lateRecords;
    private RecordSlots _published = RecordSlots.None;

    private long _sealedRecords;    // Written by the sealer.

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

    // ---- Appending: the writer's thread.

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

    // ---- Growing and wrapping: the writer's thread, seldom.

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
            Replace(head, capacity * 2, slots.Bytes.Length);    // Every record is kept, so the lap goes on.
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
        long first = former.Oldest(head);
        while (first < head && former.Slots[(int)first & (former.Slots.Length - 1)].Start < _bytesHead - former.Bytes.Length)
        {
            first++;    // Its slot is kept, but its bytes are gone.
        }
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

    // ---- Reading: any thread.

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
            if (!IsStillWhole(slots, at, long.MaxValue, out bool isReplaced))
            {
                at += isReplaced ? 0 : 1;
                continue;
            }
            if (scratch.Length < slot.Size)
            {
                scratch = new byte[slot.Size];
            }
            if (slot.Start >= Volatile.Read(ref _bytesReserved) - slots.Bytes.Length)
            {
                slots.Read(slot.Start, scratch.AsSpan(0, slot.Size));
            }
            if (IsStillWhole(slots, at, slot.Start, out isReplaced))
            {
                timestampNs = slot.TimestampNs;
                overwritten = at - wanted;
                position = at + 1;
                return slot.Size;
            }
            at += isReplaced ? 0 : 1;
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

    private bool IsStillWhole(RecordSlots slots, long position, long start, out bool isReplaced)
    {
        Volatile.ReadBarrier();
        long head = Volatile.Read(ref _head);
        long bytesReserved = Volatile.Read(ref _bytesReserved);
        isReplaced = !ReferenceEquals(slots, Volatile.Read(ref _published));
        return !isReplaced && position >= slots.Oldest(head) && start >= bytesReserved - slots.Bytes.Length;
    }

    // ---- Parking: one thread that is not the writer.

    /// <summary>First step. The caller then calls Interlocked.MemoryBarrierProcessWide, once for all rings it asked. Returns the head to park at.</summary>
    public long AskToPark()
    {
        long head = Volatile.Read(ref _head);
        Volatile.Write(ref _roomEndsAt, ParkAsked);
        return head;
    }

    /// <summary>
    /// Second step. Releases the memory when all records are sealed and the writer has not been here since the first step. The ring goes on with its
    /// next append, from its first size.
    /// </summary>
    public bool TryPark(long headWhenAsked)
    {
        RecordSlots slots = Volatile.Read(ref _published);
        if (Volatile.Read(ref _writing) != 0 || Volatile.Read(ref _roomEndsAt) != ParkAsked || Volatile.Read(ref _head) != headWhenAsked
            || SealedRecords < headWhenAsked || slots.Slots.Length == 0 || !ReferenceEquals(Volatile.Read(ref _slots), slots))
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

    /// <summary>Before the first append: the ring takes the place of one that had so many records, all of them sealed, as if parked.</summary>
    public void Restore(long records, long newestTimestampNs, long receivedNs)
    {
        (_head, _sealedRecords, _newestTimestampNs, _receivedNs) = (records, records, newestTimestampNs, receivedNs);
        _slots = _published = new RecordSlots(0, 0, records);
    }
}

/// <summary>Where a record lies: <see cref="Start"/> is its position in the stream of all bytes ever appended to the ring.</summary>
internal struct RecordSlot
{
    public long TimestampNs;
    public long Start;
    public int Size;
}

/// <summary>The arrays of a record ring at one size, published to readers as one reference and never written again once replaced.</summary>
internal sealed class RecordSlots
{
    public static readonly RecordSlots None = new(0, 0, 0);

    public RecordSlots(int capacity, int byteCapacity, long firstPosition)
    {
        Slots = capacity == 0 ? [] : new RecordSlot[capacity];
        Bytes = byteCapacity == 0 ? [] : GC.AllocateUninitializedArray<byte>(byteCapacity);
        FirstPosition = firstPosition;
    }

    /// <summary>The same arrays under a new identity, by which the writer tells a parker that it is back.</summary>
    public RecordSlots(RecordSlots same)
    {
        (Slots, Bytes, FirstPosition) = (same.Slots, same.Bytes, same.FirstPosition);
    }

    public RecordSlot[] Slots { get; }

    public byte[] Bytes { get; }

    public long FirstPosition { get; }

    public long TotalBytes => SizeInBytes(Slots.Length, Bytes.Length);

    /// <summary>As in <see cref="RowSlots.Oldest"/>; a record there may still have lost its bytes.</summary>
    public long Oldest(long head) => Slots.Length == 0 ? FirstPosition : Math.Max(FirstPosition, head - Slots.Length + 1);

    public void Read(long start, Span<byte> destination)
    {
        int index = (int)start & (Bytes.Length - 1);
        int first = Math.Min(destination.Length, Bytes.Length - index);
        Bytes.AsSpan(index, first).CopyTo(destination);
        Bytes.AsSpan(0, destination.Length - first).CopyTo(destination[first..]);
    }

    public void Write(long start, ReadOnlySpan<byte> source)
    {
        int index = (int)start & (Bytes.Length - 1);
        int first = Math.Min(source.Length, Bytes.Length - index);
        source[..first].CopyTo(Bytes.AsSpan(index));
        source[first..].CopyTo(Bytes);
    }

    public static long SizeInBytes(int capacity, int byteCapacity) => (capacity * 24L) + byteCapacity;
}
