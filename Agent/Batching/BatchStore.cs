using System.Buffers;

namespace Observability.Agent.Batching;

/// <summary>
/// First in, first out: the bytes of consecutive batches in one circular buffer, and an entry for each. Both grow by doubling up to a
/// bound and stay. A batch's bytes may be released before its entry. Not synchronised: <see cref="BatchLog"/> holds its lock.
/// </summary>
internal sealed class BatchStore(int bytesMax, int batchesMax) : IDisposable
{
    private const int InitialBytes = 64 * 1024;
    private const int InitialEntries = 64;

    private byte[] _bytes = ArrayPool<byte>.Shared.Rent(Math.Min(InitialBytes, bytesMax));
    private BatchEntry[] _entries = new BatchEntry[InitialEntries];
    private int _size = Math.Min(InitialBytes, bytesMax);
    private int _end;

    /// <summary>Sequence of the oldest entry.</summary>
    public ulong First { get; private set; } = 1;

    /// <summary>Sequence of the oldest batch whose bytes are still here.</summary>
    public ulong FirstHeld { get; private set; } = 1;

    /// <summary>Sequence that the next batch gets.</summary>
    public ulong Next { get; private set; } = 1;

    public bool IsEmpty => First == Next;

    public int BytesMax => bytesMax;

    public ref BatchEntry this[ulong sequence] => ref _entries[(int)(sequence & (ulong)(_entries.Length - 1))];

    public ReadOnlySpan<byte> Bytes(in BatchEntry entry) => _bytes.AsSpan(entry.Offset, entry.Length);

    /// <summary>Whether one more entry fits; if not, remove the first.</summary>
    public bool HasRoomForEntry() => Next - First < (ulong)_entries.Length || TryGrowEntries();

    /// <summary>Appends a batch; false when the space allowed does not hold it: release the first one held and try again.</summary>
    public bool TryAppend(ReadOnlySpan<byte> bytes, int sampleCount, long appendedNs)
    {
        if (!TryPlace(bytes.Length, out int offset))
        {
            return false;
        }
        bytes.CopyTo(_bytes.AsSpan(offset));
        _end = offset + bytes.Length;
        this[Next] = new BatchEntry { Offset = offset, Length = bytes.Length, SampleCount = sampleCount, AppendedNs = appendedNs };
        Next++;
        return true;
    }

    /// <summary>Gives up the bytes of the oldest batch held; its entry stays.</summary>
    public void ReleaseFirstHeld()
    {
        FirstHeld++;
        if (FirstHeld == Next)
        {
            _end = 0;
        }
    }

    public void RemoveFirst()
    {
        if (First == FirstHeld)
        {
            ReleaseFirstHeld();
        }
        First++;
    }

    public void Dispose()
    {
        byte[] bytes = _bytes;
        _bytes = [];
        _size = 0;
        First = FirstHeld = Next;
        ArrayPool<byte>.Shared.Return(bytes);
    }

    private bool TryGrowEntries()
    {
        if (_entries.Length * 2 > batchesMax)
        {
            return false;
        }
        var larger = new BatchEntry[_entries.Length * 2];
        for (ulong sequence = First; sequence != Next; sequence++)
        {
            larger[(int)(sequence & (ulong)(larger.Length - 1))] = this[sequence];
        }
        _entries = larger;
        return true;
    }

    private bool TryPlace(int length, out int offset)
    {
        while (!TryFind(length, out offset))
        {
            if (_size >= bytesMax)
            {
                return false;
            }
            Grow();
        }
        return true;
    }

    private bool TryFind(int length, out int offset)
    {
        bool holdsNothing = FirstHeld == Next;
        int start = holdsNothing ? 0 : this[FirstHeld].Offset;
        bool isWrapped = !holdsNothing && _end <= start;
        offset = _end;
        if (isWrapped)
        {
            return start - _end >= length;
        }
        if (_size - _end >= length)
        {
            return true;
        }
        offset = 0;
        return !holdsNothing && start >= length;
    }

    private void Grow()
    {
        int size = (int)Math.Min(bytesMax, (long)_size * 2);
        byte[] larger = ArrayPool<byte>.Shared.Rent(size);
        int end = 0;
        for (ulong sequence = FirstHeld; sequence != Next; sequence++)
        {
            ref BatchEntry entry = ref this[sequence];
            Bytes(entry).CopyTo(larger.AsSpan(end));
            entry.Offset = end;
            end += entry.Length;
        }
        ArrayPool<byte>.Shared.Return(_bytes);
        _bytes = larger;
        _size = size;
        _end = end;
    }
}

/// <summary>One batch of the log. Its sequence is its position.</summary>
internal struct BatchEntry
{
    public int Offset;
    public int Length;
    public int SampleCount;
    public bool IsSent;
    public bool IsDropped;
    public long AppendedNs;

    /// <summary>The aggregator's session that acknowledged it; 0: none yet.</summary>
    public ulong AcknowledgedBy;
}
