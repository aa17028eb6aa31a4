using Observability.Agent.Recording;

namespace Observability.Agent.Batching;

/// <summary>Totals of the whole agent at one instant: recorded = acknowledged + dropped + pending.</summary>
internal struct LedgerTotals
{
    public long Recorded;
    public long Pending;
    public long Dropped;
    public LedgerCounts Log;
}

/// <summary>
/// Adds up the ledger: the log's counts (one snapshot), drops counted where values are recorded, and gauge samples still in their buffer.
/// Each number is read once and used on both sides, so the sum holds whatever other threads do meanwhile. Any thread.
/// </summary>
internal sealed class LedgerBook(BatchLog log, RecordingContext context)
{
    /// <summary>The totals; the destination (one cell per <see cref="DropReason"/>) receives the drops by reason.</summary>
    public LedgerTotals Read(Span<long> droppedByReason)
    {
        context.Drops.CopyTo(droppedByReason);
        long droppedAtRecording = Sum(droppedByReason);
        LedgerCounts counts = log.Snapshot(droppedByReason);
        long buffered = context.Gauges.WrittenCount - counts.GaugeSamplesTaken;
        long pending = counts.Pending + buffered;
        if (context.Life.IsStopped)
        {
            droppedByReason[(int)DropReason.Stopped] += buffered;       // nobody will take them any more
            pending = counts.Pending;
        }
        return new LedgerTotals
        {
            Recorded = counts.Recorded + droppedAtRecording + buffered,
            Pending = pending,
            Dropped = Sum(droppedByReason),
            Log = counts,
        };
    }

    private static long Sum(ReadOnlySpan<long> values)
    {
        long sum = 0;
        foreach (long value in values)
        {
            sum += value;
        }
        return sum;
    }
}
