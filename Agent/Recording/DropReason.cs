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
    SpillFull,
    SpillFailed,
}

internal static class DropReasons
{
    public const int Count = (int)DropReason.SpillFailed + 1;

    private static readonly string[] Names =
    [
        "buffer_full", "too_large", "malformed", "rejected", "not_delivered", "series_limit",
        "invalid_name", "kind_conflict", "reserved_name", "not_finite", "negative", "stopped", "fault",
        "spill_full", "spill_failed",
    ];

    public static string Name(int reason) => Names[reason];
}
