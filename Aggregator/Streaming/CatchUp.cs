namespace Observability.Aggregator.Streaming;

/// <summary>
/// What a connection is sent between joining a stream and the stream's next frame: the history that new subscriptions asked for, and what the
/// connection missed while it was on no stream. All of it ends where the stream's next frame begins. Immutable; read by the sender.
/// </summary>
internal sealed class CatchUp(Attachment attachment, long tick)
{
    public Attachment Attachment { get; } = attachment;

    /// <summary>Live frames have later ticks.</summary>
    public long Tick { get; } = tick;

    /// <summary>Members at that moment.</summary>
    public int MemberCount { get; init; }

    /// <summary>By member: where the stream's next frame begins.</summary>
    public long[] End { get; init; } = [];

    /// <summary>By member: where the connection had left off; -1 where it had not.</summary>
    public long[]? MissedFrom { get; init; }

    /// <summary>The tick at which it had left off.</summary>
    public long MissedFromTick { get; init; }

    public IReadOnlyList<Backfill> Backfills { get; init; } = [];
}
