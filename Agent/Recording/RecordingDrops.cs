namespace Observability.Agent.Recording;

/// <summary>Drops counted where values are recorded; any thread. Each counts as recorded and dropped at once.</summary>
internal sealed class RecordingDrops
{
    private readonly long[] _counts = new long[DropReasons.Count];
    private long _mergedCount;

    /// <summary>Gauge values that were merged into aggregates because the buffer was full: no drop, but told.</summary>
    public long MergedCount => Interlocked.Read(ref _mergedCount);

    public void Count(DropReason reason) => Interlocked.Increment(ref _counts[(int)reason]);

    public void CountMerged() => Interlocked.Increment(ref _mergedCount);

    public void CopyTo(Span<long> destination)
    {
        for (int i = 0; i < _counts.Length; i++)
        {
            destination[i] = Interlocked.Read(ref _counts[i]);
        }
    }
}
