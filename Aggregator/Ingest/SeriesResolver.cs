using System.Runtime.CompilerServices;
using System.Text;
using Observability.Aggregator.Storage;

namespace Observability.Aggregator.Ingest;

/// <summary>
/// Finds or adds the identity and the series of a metric that is not in its source's cache, or says which limit forbids that. Refusing builds no string.
/// One per shard; one thread at a time.
/// </summary>
internal sealed class SeriesResolver(TelemetryStore store, SeriesBudget budget)
{
    private readonly IdentitySpans _spans = new();
    private readonly WireFault _fault = new();

    [MethodImpl(MethodImplOptions.NoInlining)]
    public WireIdentity? Resolve(ReadOnlySpan<byte> message, in MetricRun run, IdentityCache identities, out ulong hash, out RejectReason reason)
    {
        hash = _spans.ReadAgain(message, run, _fault, identities.Seed);
        WireIdentity? known = identities.Find(message, _spans, hash);    // An earlier run of this batch may have added it.
        if (known is not null)
        {
            reason = RejectReason.None;
            return known;
        }
        reason = CheckLimits(message);
        // Room for a series is taken when a sample tells the kind. Past that limit the identity still serves to keep totals.
        if (reason == RejectReason.None && (identities.IsFull || !budget.Identities.TryTake()))
        {
            reason = RejectReason.SeriesLimit;
        }
        return reason == RejectReason.None ? identities.Add(message, _spans, hash) : null;
    }

    /// <summary>Gives the identity its series, now that its kind is known. A series of another kind is refused.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public RejectReason Bind(SourceWriter writer, IdentityCache identities, WireIdentity identity, SeriesKind kind, out Series? series)
    {
        series = identity.Series;
        if (series is not null)
        {
            return series.Kind == kind ? RejectReason.None : RejectReason.KindMismatch;
        }
        if (identity.IsDropped)
        {
            if (identities.IsFull || !budget.Identities.TryTake())
            {
                return RejectReason.SeriesLimit;
            }
            identities.TakeBack(identity);
        }
        RejectReason room = ReasonOf(store.Catalog.Room(writer));
        if (room != RejectReason.None)
        {
            return room;
        }
        identity.NameBudget ??= budget.OfName(identity.Name);
        if (!identity.NameBudget.TryTake())
        {
            writer.Usage.WantsRoom = true;
            return RejectReason.NameSeriesLimit;
        }
        identity.HoldsName = true;
        AddSeriesResult added = store.Catalog.TryAddSeries(writer, identity.Name, identity.Labels, kind, identity.Unit, out series);
        if (added != AddSeriesResult.Added)
        {
            identity.ReturnName();
        }
        if (series is not null)
        {
            identities.Bind(identity, series);
        }
        return ReasonOf(added);
    }

    public RejectReason SetUnit(WireIdentity identity, ReadOnlySpan<byte> unit)
    {
        if (unit.Length > store.Options.UnitBytesMax)
        {
            return RejectReason.UnitLimit;
        }
        identity.Unit = Encoding.UTF8.GetString(unit);
        identity.HasUnit = true;
        if (identity.Series is not null)
        {
            store.Catalog.SetUnit(identity.Series, identity.Unit);
        }
        return RejectReason.None;
    }

    private RejectReason CheckLimits(ReadOnlySpan<byte> message)
    {
        StorageOptions limits = store.Options;
        if (_spans.NameLength > limits.NameBytesMax)
        {
            return RejectReason.NameLimit;
        }
        if (_spans.HasTooMany || _spans.Count > limits.LabelsMax)
        {
            return RejectReason.LabelCountLimit;
        }
        foreach (LabelSpan label in _spans.Labels)
        {
            ReadOnlySpan<byte> key = message.Slice(label.KeyAt, label.KeyLength);
            if (key.Length == 0 || key.Length > limits.LabelNameBytesMax)
            {
                return RejectReason.LabelNameLimit;
            }
            if (label.ValueLength > limits.LabelValueBytesMax)
            {
                return RejectReason.LabelValueLimit;
            }
        }
        return RejectReason.None;
    }

    private static RejectReason ReasonOf(AddSeriesResult result) => result switch
    {
        AddSeriesResult.Added or AddSeriesResult.Exists => RejectReason.None,
        AddSeriesResult.KindMismatch => RejectReason.KindMismatch,
        AddSeriesResult.SeriesLimit => RejectReason.SeriesLimit,
        AddSeriesResult.ServiceSeriesLimit => RejectReason.ServiceSeriesLimit,
        AddSeriesResult.NameLimit => RejectReason.NameLimit,
        AddSeriesResult.LabelCountLimit => RejectReason.LabelCountLimit,
        AddSeriesResult.LabelNameLimit => RejectReason.LabelNameLimit,
        AddSeriesResult.LabelValueLimit => RejectReason.LabelValueLimit,
        _ => RejectReason.UnitLimit,
    };
}
