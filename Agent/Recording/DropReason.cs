namespace Observability.Agent.Recording;

/// <summary>Why samples did not reach the aggregator. The names appear in the ledger and in AgentReport.dropped.</summary>
internal enum DropReason
{
    BufferFull,
    TooLarge,
    Malformed,
    Rejected,
    NotDelivered,
    SeriesLimit,
    InvalidName,
    KindConflict,
    ReservedName,
    NotFinite,
    Negative,
    Stopped,
    Fault,
}

internal static class DropReasons
{
    public const int Count = (int)DropReason.Fault + 1;

    private static readonly string[] Names =
    [
        "buffer_full", "too_large", "malformed", "rejected", "not_delivered", "series_limit",
        "invalid_name", "kind_conflict", "reserved_name", "not_finite", "negative", "stopped", "fault",
    ];

    public static string Name(int reason) => Names[reason];
}

/// <summary>Drops counted where values are recorded; any thread. Each counts as recorded and dropped at once.</summary>
internal sealed class RecordingDrops
{
    private readonly long[] _counts = new long[DropReasons.Count];
    private long _mergedCount;

    /// <summary>Gauge values that were merged into aggregates because the buffer was full: nothing is lost, but it is reported.</summary>
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
