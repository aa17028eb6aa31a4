using Observability.Aggregator.History;
using Observability.Aggregator.Rings;

namespace Observability.Aggregator.Storage;

/// <summary>What a group keeps of each second and, fed by those, of each minute.</summary>
internal sealed class Rollups
{
    public Rollups(RingBudget budget, int width, bool isDouble)
    {
        Minutes = new RollupTier(budget, 60_000_000_000, width, isDouble, coarser: null);
        Seconds = new RollupTier(budget, 1_000_000_000, width, isDouble, Minutes);
    }

    public RollupTier Seconds { get; }

    public RollupTier Minutes { get; }

    public long SizeInBytes => Seconds.SizeInBytes + Minutes.SizeInBytes;
}
