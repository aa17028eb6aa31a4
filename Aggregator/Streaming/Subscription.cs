namespace Observability.Aggregator.Streaming;

/// <summary>One viewer's set of series, and the rate it asked for. Its fields are the frame loop's.</summary>
internal sealed class Subscription(long? id, SeriesSet set, RateClass rate, long? fromNs)
{
    /// <summary>The viewer's own number; null for the one that a JSON connection begins with.</summary>
    public long? Id { get; } = id;

    public SeriesSet Set { get; } = set;

    public RateClass Rate { get; } = rate;

    /// <summary>History is wanted from here on; null: none.</summary>
    public long? FromNs { get; } = fromNs;

    /// <summary>True until its backfill is under way.</summary>
    public bool IsNew { get; set; } = true;
}
