using System.Collections.Concurrent;

namespace Observability.Aggregator.Ingest;

/// <summary>What all sources together may make of names and labels, where the store's own limits do not reach. Any thread.</summary>
internal sealed class SeriesBudget(int identitiesMax, int seriesPerNameMax = int.MaxValue, int overflowSeriesMax = int.MaxValue)
{
    private readonly ConcurrentDictionary<string, IdentityBudget> _byName = new(StringComparer.Ordinal);

    /// <summary>Identities in the caches of all sources.</summary>
    public IdentityBudget Identities { get; } = new(identitiesMax);

    /// <summary>Overflow series: they come when the store is full already, so they are counted apart.</summary>
    public IdentityBudget Overflow { get; } = new(overflowSeriesMax);

    /// <summary>Series of one metric name over all sources. The names are bounded by the identities.</summary>
    public IdentityBudget OfName(string name) => _byName.GetOrAdd(name, static (_, max) => new IdentityBudget(max), seriesPerNameMax);
}
