using Observability.Aggregator.Rings;

namespace Observability.Aggregator.Storage;

/// <summary>The seconds and minutes of one histogram series, and how far its ring has been read for them.</summary>
internal sealed class HistogramRollups(RingBudget budget)
{
    public HistogramTier Seconds { get; } = new(budget, 1_000_000_000);

    public HistogramTier Minutes { get; } = new(budget, 60_000_000_000);

    /// <summary>The sealer's: the first position whose second is still open.</summary>
    public long Cursor { get; set; }

    /// <summary>The sealer's: the minute that is still open.</summary>
    public HistogramPeriod OpenMinute { get; set; }
}
