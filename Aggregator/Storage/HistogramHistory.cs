using Observability.Aggregator.History;
using Observability.Aggregator.Rings;

namespace Observability.Aggregator.Storage;

/// <summary>
/// What one histogram series keeps beyond its ring: every histogram in blocks, then what each second and each minute added up to. Made and written by the
/// sealer; readers are any threads.
/// </summary>
internal sealed class HistogramHistory(RingBudget budget)
{
    /// <summary>Row numbers are the positions of the ring.</summary>
    public BlockList Blocks { get; } = new(budget);

    public HistogramTier Seconds { get; } = new(budget, 1_000_000_000);

    public HistogramTier Minutes { get; } = new(budget, 60_000_000_000);

    public bool IsEmpty => Blocks.IsEmpty && Seconds.IsEmpty && Minutes.IsEmpty;

    /// <summary>Gives everything back to the budget.</summary>
    public void Drop()
    {
        Blocks.DropBefore(long.MaxValue);
        Seconds.Drop();
        Minutes.Drop();
    }

    /// <summary>The sealer's: the second that is still open.</summary>
    public HistogramPeriod OpenSecond { get; set; }

    /// <summary>The sealer's: the minute that is still open.</summary>
    public HistogramPeriod OpenMinute { get; set; }
}
