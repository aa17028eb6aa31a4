using Observability.Aggregator.Storage;

namespace Observability.Aggregator.Streaming;

/// <summary>How far a backfill has been sent.</summary>
internal sealed class BackfillCursor(Backfill backfill)
{
    private int _part;
    private bool _isPartBegun;
    private HistoryRange _range;

    public Backfill Backfill { get; } = backfill;

    public bool IsAtEnd => _part == Backfill.Parts.Count;

    public Series Series => Backfill.Parts[_part].Series;

    public long SampleCount { get; private set; }

    /// <summary>What is left of the present part.</summary>
    public ref HistoryRange Range(TelemetryStore store)
    {
        if (!_isPartBegun)
        {
            _isPartBegun = true;
            Backfill.Part part = Backfill.Parts[_part];
            long position = store.Seek(part.Series, part.FromNs);
            // One sample more tells a counter's total before the range.
            _range = new HistoryRange
            {
                Position = part.Series.Kind == SeriesKind.Counter ? long.Max(0, position - 1) : position,
                End = part.End,
                FromNs = part.FromNs,
                UntilNs = part.UntilNs,
            };
        }
        return ref _range;
    }

    public void MoveOn()
    {
        _part++;
        _isPartBegun = false;
    }

    public void OnFrame(long samples) => SampleCount += samples;
}
