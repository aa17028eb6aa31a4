using System.Runtime.CompilerServices;
using System.Text;
using Observability.Aggregator.Storage;

namespace Observability.Aggregator.Ingest;

internal sealed partial class BatchWriter
{
    /// <summary>The identity of a run that the cache did not know: adds it, or says which limit forbids that. No string is built to refuse.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private SeriesIdentity? Resolve(in MetricRun run, out ulong hash, out RejectReason reason)
    {
        hash = decoder.ReadIdentity(run);
        ReadOnlySpan<byte> message = decoder.Message;
        SeriesIdentity? known = _identities.Find(message, decoder.Spans, hash);    // An earlier run of this batch may have brought it.
        if (known is not null)
        {
            reason = RejectReason.None;
            return known;
        }
        reason = CheckLimits(message);
        // Room for a series is asked for when a sample tells the kind: past that limit the identity still helps to keep totals.
        if (reason == RejectReason.None && (_identities.IsFull || !budget.Identities.TryTake()))
        {
            reason = RejectReason.SeriesLimit;
        }
        return reason == RejectReason.None ? _identities.Add(message, decoder.Spans, hash) : null;
    }

    /// <summary>Gives the identity its series, now that its kind is known; on a kind that is not the series' own, says so.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private RejectReason Bind(SeriesIdentity identity, SeriesKind kind, out Series? series)
    {
        series = identity.Series;
        if (series is not null)
        {
            return series.Kind == kind ? RejectReason.None : RejectReason.KindMismatch;
        }
        if (identity.IsDropped)
        {
            if (_identities.IsFull || !budget.Identities.TryTake())
            {
                return RejectReason.SeriesLimit;
            }
            _identities.TakeBack(identity);
        }
        RejectReason room = Room();
        if (room != RejectReason.None)
        {
            return room;
        }
        identity.NameBudget ??= budget.OfName(identity.Name);
        if (!identity.NameBudget.TryTake())
        {
            _writer.Usage.WantsRoom = true;
            return RejectReason.NameSeriesLimit;
        }
        identity.HoldsName = true;
        AddSeriesResult added = store.TryAddSeries(_writer, identity.Name, identity.Labels, kind, identity.Unit, out series);
        if (added != AddSeriesResult.Added)
        {
            identity.ReturnName();
        }
        if (series is not null)
        {
            _identities.Bind(identity, series);
        }
        return ReasonOf(added);
    }

    private RejectReason SetUnit(SeriesIdentity identity, in MetricRun run)
    {
        if (run.UnitLength > store.Options.UnitBytesMax)
        {
            return RejectReason.UnitLimit;
        }
        identity.Unit = Encoding.UTF8.GetString(decoder.Message.Slice(run.UnitAt, run.UnitLength));
        identity.HasUnit = true;
        if (identity.Series is not null)
        {
            store.SetUnit(identity.Series, identity.Unit);
        }
        return RejectReason.None;
    }

    private RejectReason Room() => ReasonOf(store.Room(_writer));

    private RejectReason CheckLimits(ReadOnlySpan<byte> message)
    {
        StorageOptions limits = store.Options;
        if (decoder.Spans.NameLength > limits.NameBytesMax)
        {
            return RejectReason.NameLimit;
        }
        if (decoder.Spans.HasTooMany || decoder.Spans.Count > limits.LabelsMax)
        {
            return RejectReason.LabelCountLimit;
        }
        foreach (LabelSpan label in decoder.Spans.Labels)
        {
            ReadOnlySpan<byte> key = message.Slice(label.KeyAt, label.KeyLength);
            if (key.SequenceEqual("service"u8) || key.SequenceEqual("instance"u8) || key.SequenceEqual("__name__"u8))
            {
                return RejectReason.ReservedLabel;
            }
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
        AddSeriesResult.ReservedLabel => RejectReason.ReservedLabel,
        _ => RejectReason.UnitLimit,
    };
}
