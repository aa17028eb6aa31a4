namespace Observability.Aggregator.Rings;

/// <summary>One kept sample: 8 bytes of time and 8 of value, side by side, so that an append touches one cache line.</summary>
internal struct ScalarSlot
{
    public long TimestampNs;
    public long Bits;
}

/// <summary>What a conflated sample has besides its last value. Count 0: the slot beside it holds a plain sample.</summary>
internal struct AggregateSlot
{
    public double Min;
    public double Max;
    public double Sum;
    public ulong Count;
}

/// <summary>
/// The arrays of a ring at one size, published to readers as one reference. A ring that grows publishes new ones and
/// never writes to these again.
/// </summary>
internal sealed class ScalarSlots
{
    public static readonly ScalarSlots None = new(0, withAggregates: false, 0);

    public ScalarSlots(int capacity, bool withAggregates, long firstPosition)
    {
        Slots = capacity == 0 ? [] : GC.AllocateUninitializedArray<ScalarSlot>(capacity);
        Aggregates = withAggregates ? new AggregateSlot[capacity] : null;
        FirstPosition = firstPosition;
    }

    public ScalarSlot[] Slots { get; }

    public AggregateSlot[]? Aggregates { get; }

    /// <summary>The oldest position that was copied in when these arrays replaced smaller ones.</summary>
    public long FirstPosition { get; }

    /// <summary>
    /// The oldest position whose slot the writer cannot be overwriting while it has published <paramref name="head"/>:
    /// it may be in the middle of the sample at head, which takes the slot of head - capacity.
    /// </summary>
    public long Oldest(long head) => Slots.Length == 0 ? 0 : Math.Max(FirstPosition, head - Slots.Length + 1);

    public static long Bytes(int capacity, bool withAggregates) => capacity * (withAggregates ? 48L : 16L);

    public void CopyTo(long position, int count, in SampleColumns columns)
    {
        int mask = Slots.Length - 1;
        for (int i = 0; i < count; i++)
        {
            ref readonly ScalarSlot slot = ref Slots[(int)(position + i) & mask];
            columns.TimestampsNs[i] = slot.TimestampNs;
            columns.Bits[i] = slot.Bits;
        }
        if (Aggregates is null)
        {
            columns.Counts[..count].Clear();
        }
        else
        {
            CopyAggregatesTo(position, count, columns);
        }
    }

    private void CopyAggregatesTo(long position, int count, in SampleColumns columns)
    {
        int mask = Slots.Length - 1;
        for (int i = 0; i < count; i++)
        {
            ref readonly AggregateSlot slot = ref Aggregates![(int)(position + i) & mask];
            columns.Min[i] = slot.Min;
            columns.Max[i] = slot.Max;
            columns.Sum[i] = slot.Sum;
            columns.Counts[i] = slot.Count;
        }
    }
}
