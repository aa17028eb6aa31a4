using System.Numerics;

namespace Observability.Aggregator.Rings;

/// <summary>What bounds one ring. Shared by all rings of a store; capacities are powers of two.</summary>
internal sealed class RingLimits
{
    /// <summary>Slots of a new ring: a quarter of a kilobyte for a series that may never send again.</summary>
    public const int SlotsFirst = 16;

    /// <summary>Bytes of a new record ring: a handful of histograms of a quiet service.</summary>
    public const int RecordBytesFirst = 512;

    public RingLimits(RingBudget budget, int slotsMax, int recordBytesMax, long spanNs)
    {
        Budget = budget;
        SlotsMax = (int)BitOperations.RoundUpToPowerOf2((uint)Math.Max(slotsMax, SlotsFirst));
        RecordBytesMax = (int)BitOperations.RoundUpToPowerOf2((uint)Math.Max(recordBytesMax, RecordBytesFirst));
        SpanNs = spanNs;
    }

    public RingBudget Budget { get; }

    /// <summary>Slots a ring grows to. Once it has wrapped, one slot less is readable: the one that the writer may be in.</summary>
    public int SlotsMax { get; }

    /// <summary>Bytes a record ring grows to.</summary>
    public int RecordBytesMax { get; }

    /// <summary>
    /// A ring that took this long to come round does not grow: a slow series needs no fast series' memory. By the time of receipt: no
    /// sender's clock decides about memory.
    /// </summary>
    public long SpanNs { get; }
}

/// <summary>
/// The bytes that all rings together may hold. Any thread may ask; asking happens when a ring grows, never per sample.
/// Full means refuse: the ring keeps its size and overwrites its oldest sample earlier.
/// </summary>
internal sealed class RingBudget(long bytesMax)
{
    private long _bytesUsed;
    private long _refusedCount;

    public long BytesMax { get; } = bytesMax;

    public long BytesUsed => Volatile.Read(ref _bytesUsed);

    /// <summary>How often a ring asked to grow and was refused.</summary>
    public long RefusedCount => Volatile.Read(ref _refusedCount);

    public bool TryReserve(long bytes)
    {
        if (Interlocked.Add(ref _bytesUsed, bytes) <= BytesMax)
        {
            return true;
        }
        Interlocked.Add(ref _bytesUsed, -bytes);
        Interlocked.Increment(ref _refusedCount);
        return false;
    }

    /// <summary>Takes bytes even past the budget: for a ring's first slots, which the limit on series bounds.</summary>
    public void Reserve(long bytes) => Interlocked.Add(ref _bytesUsed, bytes);

    public void Release(long bytes) => Interlocked.Add(ref _bytesUsed, -bytes);
}
