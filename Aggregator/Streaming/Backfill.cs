using Observability.Aggregator.Storage;

namespace Observability.Aggregator.Streaming;

/// <summary>The history of one new subscription: by series the range that its connection does not have yet.</summary>
internal sealed class Backfill(Subscription subscription, RateClass effectiveRate, IReadOnlyList<Backfill.Part> parts, int seriesCount)
{
    public Subscription Subscription { get; } = subscription;

    public RateClass EffectiveRate { get; } = effectiveRate;

    public IReadOnlyList<Part> Parts { get; } = parts;

    /// <summary>Series of the subscription, with or without history.</summary>
    public int SeriesCount { get; } = seriesCount;

    /// <summary>Positions before End with timestamps in [FromNs, UntilNs).</summary>
    internal readonly record struct Part(Series Series, long End, long FromNs, long UntilNs);
}
