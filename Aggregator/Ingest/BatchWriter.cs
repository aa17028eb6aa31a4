using System.Runtime.InteropServices;
using Observability.Aggregator.Rings;
using Observability.Aggregator.Storage;

namespace Observability.Aggregator.Ingest;

/// <summary>
/// [Data plane] Applies a batch that passed the structural pass: from the decoder's tape to the store. What cannot be applied is counted by
/// its reason, never thrown. One per shard; one thread at a time.
/// </summary>
internal sealed partial class BatchWriter(TelemetryStore store, BatchDecoder decoder, SeriesBudget budget, int histogramBucketsMax)
{
    private const int SeriesAhead = 12;
    private const int RingAhead = 8;
    private const int CellsAhead = 4;

    private readonly HistogramDecoder _histogram = new(new WireFault(), histogramBucketsMax);
    private readonly long[] _rejected = new long[(int)RejectReason.Count];
    private SourceWriter _writer = null!;
    private IdentityCache _identities = null!;
    private RefTable _refs = null!;
    private long _applied;
    private long _rejectedCount;
    private RejectReason _firstReason;
    private long _newestNs;

    /// <summary>Samples rejected so far, by reason. Only the shard's thread writes them.</summary>
    public ReadOnlySpan<long> RejectedByReason => _rejected;

    /// <summary>
    /// Takes the batch's declarations of refs. False when one contradicts an earlier one: then nothing of the batch is kept and the
    /// decoder's fault says which. Comes before anything is applied, and for a batch that was applied already too, because refs belong
    /// to the stream.
    /// </summary>
    public bool TryDeclare(SourceWriter writer, IdentityCache identities, RefTable refs)
    {
        (_writer, _identities, _refs) = (writer, identities, refs);
        if (decoder.DeclarationCount == 0)
        {
            return true;
        }
        int metric = -1;
        foreach (ref MetricRun run in decoder.Tape.Runs)
        {
            if (run.Ref == 0 || !run.IsNamed || run.Metric == metric)
            {
                continue;
            }
            metric = run.Metric;
            RejectReason reason = RejectReason.None;
            ulong hash = run.Identity?.Hash ?? 0;
            SeriesIdentity? identity = run.Identity ?? Resolve(run, out hash, out reason);
            if (!refs.TryDeclare(run.Ref, identity, hash, reason))
            {
                refs.Undo();
                return decoder.Fault.At($"metrics[{metric}].series_ref", $"declares ref {run.Ref} again with another name or other labels");
            }
            run.Identity = identity;
        }
        refs.Commit();
        return true;
    }

    /// <summary>Applies everything, in one turn of the source. <see cref="TryDeclare"/> comes before.</summary>
    public BatchOutcome Apply()
    {
        _writer.Enter();
        try
        {
            if (_identities.LeftVersion != _writer.LeftVersion)
            {
                budget.Identities.Return(_identities.DropLeft(_writer.LeftVersion));
            }
            return ApplyAll();
        }
        finally
        {
            _writer.Exit();
        }
    }

    private BatchOutcome ApplyAll()
    {
        _applied = 0;
        _rejectedCount = 0;
        _firstReason = RejectReason.None;
        _newestNs = 0;
        ReadOnlySpan<MetricRun> runs = decoder.Tape.Runs;
        for (int i = 0; i < runs.Length; i++)
        {
            FetchAhead(runs, i);
            ApplyRun(runs[i]);
        }
        foreach (ref readonly TickRun tick in decoder.Tape.Ticks)
        {
            ApplyTick(tick);
        }
        if (decoder.OverLimitCount > 0)
        {
            Reject(RejectReason.BatchSamplesLimit, decoder.OverLimitCount);
        }
        AppendTotals();
        if (_newestNs > _writer.Source.NewestSampleNs)
        {
            _writer.Source.NewestSampleNs = _newestNs;
        }
        return new BatchOutcome(_applied, _rejectedCount, _firstReason);
    }

    /// <summary>A series, its ring and the ring's cells lie one behind the other in memory that is mostly not at hand: each is fetched some runs ahead.</summary>
    private static void FetchAhead(ReadOnlySpan<MetricRun> runs, int at)
    {
        if (at + SeriesAhead < runs.Length)
        {
            Ahead.Fetch(runs[at + SeriesAhead].Identity?.Series);
            Ahead.Fetch(runs[at + RingAhead].Identity?.Series?.AloneRing);
            runs[at + CellsAhead].Identity?.Series?.AloneRing?.FetchNext();
        }
    }

    /// <summary>Instead of <see cref="Apply"/>: nothing is applied, all is counted.</summary>
    public BatchOutcome RejectAll(RejectReason reason)
    {
        _rejectedCount = 0;
        _firstReason = RejectReason.None;
        Reject(reason, decoder.SampleCount);
        return new BatchOutcome(0, _rejectedCount, _firstReason);
    }

    private void ApplyRun(in MetricRun run)
    {
        RejectReason reason = RejectReason.None;
        SeriesIdentity? identity = run.Identity
            ?? (run.IsNamed ? Resolve(run, out _, out reason) : _refs.Find(run.Ref, out reason));
        if (identity is not null && run.UnitLength > 0 && !identity.HasUnit)
        {
            reason = SetUnit(identity, run);
        }
        if (run.Form == RunForm.Declaration)
        {
            return;
        }
        Series? series = identity?.Series;
        if (reason == RejectReason.None && (series is null || series.Kind != KindOf(run.Form)))
        {
            reason = Bind(identity!, KindOf(run.Form), out series);
        }
        if (reason != RejectReason.None)
        {
            if (IsSeriesLimit(reason) && identity is not null)
            {
                KeepTotals(identity, run);
            }
            Reject(reason, run.Count);
            return;
        }
        switch (run.Form)
        {
            case RunForm.GaugePairs:
            case RunForm.CounterPairs:
                ApplyPairs(series!, decoder.Tape.Words(run.Values.At, run.Count * 2));
                break;
            case RunForm.GaugeColumns:
            case RunForm.CounterColumns:
                ApplyColumns(series!, decoder.Values(run.Timestamps), decoder.Values(run.Values));
                break;
            case RunForm.HistogramPairs:
                ApplyHistograms(series!, decoder.Tape.Words(run.Values.At, run.Count * 2));
                break;
            default:
                ApplyAggregates(series!, decoder.Tape.Words(run.Values.At, run.Count * 6), run.Count);
                break;
        }
    }

    private void ApplyTick(in TickRun tick)
    {
        ReadOnlySpan<ulong> values = decoder.Values(tick.Values);
        SeriesKind kind = tick.IsCounter ? SeriesKind.Counter : SeriesKind.Gauge;
        if (!IsTime(tick.TimestampNs, values.Length))
        {
            return;
        }
        if (!_refs.TryGetRow(tick.FirstRef, values.Length, kind, _identities.BoundVersion, out int firstSlot))
        {
            ApplyTickOneByOne(tick, kind, values);
            return;
        }
        if (tick.IsCounter)
        {
            store.AppendRow(_writer, (long)tick.TimestampNs, firstSlot, values);
        }
        else
        {
            store.AppendRow(_writer, (long)tick.TimestampNs, firstSlot, MemoryMarshal.Cast<ulong, double>(values));
        }
        _applied += values.Length;
    }

    /// <summary>A tick that meets a ref for the first time, or one that is not known, or series that do not lie side by side.</summary>
    private void ApplyTickOneByOne(in TickRun tick, SeriesKind kind, ReadOnlySpan<ulong> values)
    {
        for (int i = 0; i < values.Length; i++)
        {
            long seriesRef = (long)tick.FirstRef + i;
            RejectReason reason = RejectReason.UnknownRef;
            SeriesIdentity? identity = tick.FirstRef == 0 || seriesRef > uint.MaxValue ? null : _refs.Find((uint)seriesRef, out reason);
            Series? series = identity?.Series;
            if (identity is not null && reason == RejectReason.None && (series is null || series.Kind != kind))
            {
                reason = Bind(identity, kind, out series);
            }
            if (reason == RejectReason.None)
            {
                store.AppendBits(_writer, series!, (long)tick.TimestampNs, (long)values[i]);
            }
            else if (tick.IsCounter && identity is not null && IsSeriesLimit(reason) && !decoder.Header.Replay && FindTotal(identity, kind) is { } total)
            {
                KeepCount(identity, total, tick.TimestampNs, values[i]);
            }
            Count(reason);
        }
    }

    private void Count(RejectReason reason)
    {
        if (reason == RejectReason.None)
        {
            _applied++;
        }
        else
        {
            Reject(reason, 1);
        }
    }

    private void Reject(RejectReason reason, long samples)
    {
        if (_firstReason == RejectReason.None)
        {
            _firstReason = reason;
        }
        _rejectedCount += samples;
        Volatile.Write(ref _rejected[(int)reason], _rejected[(int)reason] + samples);
    }

    private static SeriesKind KindOf(RunForm form) => form switch
    {
        RunForm.CounterPairs or RunForm.CounterColumns => SeriesKind.Counter,
        RunForm.HistogramPairs => SeriesKind.Histogram,
        _ => SeriesKind.Gauge,
    };
}
