using System.Runtime.CompilerServices;
using Observability.Aggregator.Storage;

namespace Observability.Aggregator.Ingest;

/// <summary>
/// [Data plane] The sum of all series of one source and metric name that a limit refused: itself a series, with the one label overflow="true". Only the
/// source's owner uses it.
/// </summary>
internal sealed class OverflowTotal(Series series)
{
    public const string LabelName = "overflow";
    public const string LabelValue = "true";

    private ulong _total;
    private long _newestNs;
    private bool _isChanged;

    public Series Series { get; } = series;

    /// <summary>A counter's new value; <paramref name="last"/> is its former one. A smaller value is a reset. True: the first change since <see cref="Take"/>.</summary>
    public bool Count(ulong value, ref ulong last, long timestampNs)
    {
        _total += value >= last ? value - last : value;
        last = value;
        _newestNs = Math.Max(_newestNs, timestampNs);
        bool isFirst = !_isChanged;
        _isChanged = true;
        return isFirst;
    }

    public (long TimestampNs, ulong Total) Take()
    {
        _isChanged = false;
        return (_newestNs, _total);
    }
}

/// <summary>
/// [Data plane] The totals that the batch being applied has changed; each becomes one sample. Between two batches there are none. One per shard; one
/// thread at a time.
/// </summary>
internal sealed class OverflowTotals(TelemetryStore store, SeriesBudget budget)
{
    private readonly List<OverflowTotal> _changed = [];

    public void Count(OverflowTotal total, WireIdentity identity, ulong timestampNs, ulong value)
    {
        if ((long)timestampNs > 0 && total.Count(value, ref identity.OverflowLast, (long)timestampNs))
        {
            _changed.Add(total);
        }
    }

    /// <summary>One sample for each total that the batch changed.</summary>
    public void Append(SourceWriter writer)
    {
        foreach (OverflowTotal changed in _changed)
        {
            (long timestampNs, ulong total) = changed.Take();
            writer.AppendBits(changed.Series, timestampNs, (long)total);
        }
        _changed.Clear();
    }

    /// <summary>
    /// After a batch that failed half-way: the next one may be another source's. Nothing is lost, since a total is cumulative and its next change
    /// appends all of it.
    /// </summary>
    public void Forget()
    {
        foreach (OverflowTotal changed in _changed)
        {
            changed.Take();
        }
        _changed.Clear();
    }

    /// <summary>The identity's total, added if need be. Null when there is no room for it, or when the name's total is of another kind.</summary>
    public OverflowTotal? Find(SourceWriter writer, IdentityCache identities, WireIdentity identity, SeriesKind kind)
    {
        if (!identity.HasOverflow || identity.Overflow is { Series.IsEvicted: true })
        {
            identity.Overflow = FindByName(writer, identities, identity, kind);
            identity.HasOverflow = true;
        }
        return identity.Overflow?.Series.Kind == kind ? identity.Overflow : null;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private OverflowTotal? FindByName(SourceWriter writer, IdentityCache identities, WireIdentity identity, SeriesKind kind)
    {
        string name = identity.Name;
        if (identities.Overflows.TryGetValue(name, out OverflowTotal? total) && total.Series.IsEvicted)
        {
            identities.Overflows.Remove(name);
            budget.Overflow.Return(1);
            total = null;
        }
        if (total is not null || !budget.Overflow.TryTake())
        {
            return total;
        }
        LabelSet labels = LabelSet.From([new Label(OverflowTotal.LabelName, OverflowTotal.LabelValue)]);
        if (store.Catalog.TryAddPastLimits(writer, name, labels, kind, identity.Unit, out Series? series) is AddSeriesResult.Added or AddSeriesResult.Exists)
        {
            total = new OverflowTotal(series!);
            identities.Overflows.Add(name, total);
        }
        else
        {
            budget.Overflow.Return(1);
        }
        return total;
    }
}
