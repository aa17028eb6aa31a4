namespace Observability.Aggregator.Rings;

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
