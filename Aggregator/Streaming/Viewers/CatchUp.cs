using Observability.Aggregator.Storage;
using Observability.Aggregator.Streaming.Frames;

namespace Observability.Aggregator.Streaming.Viewers;

/// <summary>
/// What a connection is sent between joining a stream and the stream's next frame: the history that new subscriptions asked for, and what the
/// connection missed while it was on no stream. All of it ends where the stream's next frame begins. Made by the frame loop, read by the sender.
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

    /// <summary>By member: where the connection left off; -1 where it has nothing to go on from.</summary>
    public long[]? MissedFrom { get; init; }

    /// <summary>The tick at which it left off.</summary>
    public long MissedFromTick { get; init; }

    public IReadOnlyList<Backfill> Backfills { get; init; } = [];
}

/// <summary>The history of one new subscription: by series the range that its connection does not have yet, and how far it was sent.</summary>
internal sealed class Backfill(Subscription subscription, RateClass effectiveRate, IReadOnlyList<Backfill.Part> parts, int seriesCount)
{
    private int _part;
    private bool _isPartBegun;
    private HistoryRange _range;

    public Subscription Subscription { get; } = subscription;

    public RateClass EffectiveRate { get; } = effectiveRate;

    /// <summary>Series of the subscription, with or without history.</summary>
    public int SeriesCount { get; } = seriesCount;

    public bool IsAtEnd => _part == parts.Count;

    /// <summary>The series whose turn it is.</summary>
    public Series Series => parts[_part].Series;

    /// <summary>What is left to send of that series.</summary>
    public ref HistoryRange Range(TelemetryStore store)
    {
        if (!_isPartBegun)
        {
            _isPartBegun = true;
            Part part = parts[_part];
            long position = store.Seek(part.Series, part.FromNs);
            _range = new HistoryRange
            {
                // One sample more gives a counter's total before the range.
                Position = part.Series.Kind == SeriesKind.Counter ? long.Max(0, position - 1) : position,
                End = part.End,
                FromNs = part.FromNs,
                UntilNs = part.UntilNs,
            };
        }
        return ref _range;
    }

    /// <summary>On to the next series.</summary>
    public void MoveOn()
    {
        _part++;
        _isPartBegun = false;
    }

    /// <summary>Positions before End with timestamps in [FromNs, UntilNs).</summary>
    internal readonly record struct Part(Series Series, long End, long FromNs, long UntilNs);
}
