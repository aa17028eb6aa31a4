using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Observability.Aggregator.Rings;

/// <summary>
/// The recent rows of one series or of several that are always written together: a timestamp and a value of each. One writer thread; any number
/// of readers, which never stop it and never see a torn row. Full means overwrite the oldest row. A sealer may tell how far it has copied rows
/// away: as long as the limits allow, a ring grows rather than overwrite what was not copied. Growing is the only time that it allocates.
/// </summary>
internal sealed partial class RowRing
{
    private const long Never = -1;

    private readonly RingLimits _limits;
    private readonly int _width;

    // The writer's own view of what is published; the parker may empty _cells once it has proved that the writer is away.
    private int _mask;
    private int _writing;
    private long[] _cells = [];
    private AggregateSlot[]? _aggregates;
    private long _roomEndsAt;
    private long _lapStartedNs;

    private long _head;
    private long _newestTimestampNs;
    private long _receivedNs;
    private long _disorderedAt = Never;
    private long _lateRows;
    private RowSlots _published = RowSlotsOf.None;
    private long _sealedRows;

    /// <param name="limits">What bounds its growth.</param>
    /// <param name="width">Series in a row.</param>
    /// <param name="newestTimestampNs">What its series have seen before: a row older than this is out of order.</param>
    public RowRing(RingLimits limits, int width, long newestTimestampNs = long.MinValue)
    {
        _limits = limits;
        _width = width;
        _newestTimestampNs = newestTimestampNs;
    }

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

    /// <summary>Of a ring of one series.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Append(long timestampNs, long bits, long receivedNs)
    {
        Volatile.Write(ref _writing, 1);
        long head = _head;
        if (head >= Volatile.Read(ref _roomEndsAt))
        {
            MakeRoom(head, receivedNs);
        }
        int row = (int)head & _mask;
        // The head published last must be seen before this row changes, or a reader could take the old head for proof
        // that the row is still whole. Costs nothing on x64.
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
        long head = _head;
        if (head >= Volatile.Read(ref _roomEndsAt))
        {
            MakeRoom(head, receivedNs);
        }
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
        long head = _head;
        if (head >= Volatile.Read(ref _roomEndsAt))
        {
            MakeRoom(head, receivedNs);
        }
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

    private static class RowSlotsOf
    {
        public static readonly RowSlots None = new(0, 1, withAggregates: false, 0);
    }
}
