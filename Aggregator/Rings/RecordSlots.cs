namespace Observability.Aggregator.Rings;

/// <summary>Where a record lies: <see cref="Start"/> is its position in the stream of all bytes ever appended to the ring.</summary>
internal struct RecordSlot
{
    public long TimestampNs;
    public long Start;
    public int Size;
}

/// <summary>The arrays of a record ring at one size, published to readers as one reference and never written again once replaced.</summary>
internal sealed class RecordSlots(int capacity, int byteCapacity, long firstPosition)
{
    public static readonly RecordSlots None = new(0, 0, 0);

    public RecordSlot[] Slots { get; } = new RecordSlot[capacity];

    public byte[] Bytes { get; } = byteCapacity == 0 ? [] : GC.AllocateUninitializedArray<byte>(byteCapacity);

    public long FirstPosition { get; } = firstPosition;

    /// <summary>As in <see cref="RowSlots.Oldest"/>; a record there may still have lost its bytes.</summary>
    public long Oldest(long head) => Slots.Length == 0 ? 0 : Math.Max(FirstPosition, head - Slots.Length + 1);

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
