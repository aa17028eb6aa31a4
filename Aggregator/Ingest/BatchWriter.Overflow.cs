using System.Diagnostics;
using System.Runtime.CompilerServices;
using Observability.Aggregator.Storage;

namespace Observability.Aggregator.Ingest;

internal sealed partial class BatchWriter
{
    private readonly List<OverflowTotal> _changedTotals = [];

    private static bool IsSeriesLimit(RejectReason reason) =>
        reason is RejectReason.SeriesLimit or RejectReason.ServiceSeriesLimit or RejectReason.NameSeriesLimit;

    /// <summary>
    /// Samples of a series past a limit are rejected, but what they add up to is kept: counters as their sum, histograms one by one, since
    /// they add up by themselves. Gauges have no total. What is replayed was counted when it came first.
    /// </summary>
    private void KeepTotals(SeriesIdentity identity, in MetricRun run)
    {
        SeriesKind kind = KindOf(run.Form);
        if (kind == SeriesKind.Gauge || decoder.Header.Replay || FindTotal(identity, kind) is not { } total)
        {
            return;
        }
        if (run.Form == RunForm.CounterColumns)
        {
            ReadOnlySpan<ulong> timestampsNs = decoder.Values(run.Timestamps);
            ReadOnlySpan<ulong> values = decoder.Values(run.Values);
            for (int i = 0; i < values.Length; i++)
            {
                KeepCount(identity, total, timestampsNs[i], values[i]);
            }
            return;
        }
        ReadOnlySpan<ulong> pairs = decoder.Tape.Words(run.Values.At, run.Count * 2);
        for (int i = 0; i < pairs.Length; i += 2)
        {
            if (kind == SeriesKind.Counter)
            {
                KeepCount(identity, total, pairs[i], pairs[i + 1]);
            }
            else
            {
                KeepHistogram(total, pairs[i], pairs[i + 1]);
            }
        }
    }

    private void KeepCount(SeriesIdentity identity, OverflowTotal total, ulong timestampNs, ulong value)
    {
        if ((long)timestampNs > 0 && total.Count(value, ref identity.OverflowLast, (long)timestampNs))
        {
            _changedTotals.Add(total);
        }
    }

    private void KeepHistogram(OverflowTotal total, ulong timestampNs, ulong place)
    {
        int at = (int)(place >> 32);
        if (!_histogram.TryRead(new WireReader(decoder.Message, at, at + (int)place)))
        {
            throw new UnreachableException("BUG: a histogram that passed the structural pass cannot be read again.");
        }
        if ((long)timestampNs > 0 && _histogram.Check() == RejectReason.None)
        {
            store.TryAppend(_writer, total.Series, (long)timestampNs, _histogram.Sample);
        }
    }

    /// <summary>One sample for each total that the batch changed.</summary>
    private void AppendTotals()
    {
        foreach (OverflowTotal changed in _changedTotals)
        {
            (long timestampNs, ulong total) = changed.Take();
            store.AppendBits(_writer, changed.Series, timestampNs, (long)total);
        }
        _changedTotals.Clear();
    }

    private OverflowTotal? FindTotal(SeriesIdentity identity, SeriesKind kind)
    {
        if (!identity.HasOverflow || identity.Overflow is { Series.HasLeft: true })
        {
            identity.Overflow = AddTotal(identity, kind);
            identity.HasOverflow = true;
        }
        return identity.Overflow?.Series.Kind == kind ? identity.Overflow : null;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private OverflowTotal? AddTotal(SeriesIdentity identity, SeriesKind kind)
    {
        string name = identity.Name;
        if (_identities.Overflows.TryGetValue(name, out OverflowTotal? total) && total.Series.HasLeft)
        {
            _identities.Overflows.Remove(name);
            budget.Overflow.Return(1);
            total = null;
        }
        if (total is not null || !budget.Overflow.TryTake())
        {
            return total;
        }
        LabelSet labels = LabelSet.From([new Label(OverflowTotal.LabelName, OverflowTotal.LabelValue)]);
        if (store.TryAddPastLimits(_writer, name, labels, kind, identity.Unit, out Series? series) is AddSeriesResult.Added or AddSeriesResult.Exists)
        {
            total = new OverflowTotal(series!);
            _identities.Overflows.Add(name, total);
        }
        else
        {
            budget.Overflow.Return(1);
        }
        return total;
    }
}
