namespace Observability.Aggregator.Rings;

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

    /// <summary>The same arrays under a new identity: whoever meant to replace the former one has lost.</summary>
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
