using System.Runtime.InteropServices;
using Observability.Aggregator.Rings;
using Observability.Aggregator.Storage;

namespace Observability.Aggregator.Ingest;

/// <summary>Samples of one batch applied and rejected, with the first reason.</summary>
internal readonly record struct BatchOutcome(long Applied, long Rejected, RejectReason FirstReason);

/// <summary>
/// [Data plane] Applies a batch that passed the structural pass to the store: first its declarations, then its samples. What cannot be applied is
/// counted by its reason, never thrown. One per shard; one thread at a time. The message is the one that was scanned.
/// </summary>
internal sealed class BatchWriter(TelemetryStore store, ScannedBatch batch, SeriesBudget budget)
{
    // How many runs ahead a series, its ring and the ring's cells are fetched: they lie in memory that is mostly not in the cache, each behind the other.
    private const int SeriesAhead = 12;
    private const int RingAhead = 8;
    private const int CellsAhead = 4;

    private readonly SeriesResolver _resolver = new(store, budget);
    private readonly OverflowTotals _totals = new(store, budget);
    private readonly HistogramDecoder _histogram = new(new WireFault(), store.Options.HistogramBucketsMax);
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
    /// Takes the batch's declarations of refs. False when one contradicts an earlier one: then nothing of the batch is kept, and
    /// <paramref name="fault"/> says which. Comes before anything is applied, and also for a batch that was applied before, because refs belong
    /// to the stream.
    /// </summary>
    public bool TryDeclare(ReadOnlySpan<byte> message, SourceWriter writer, IdentityCache identities, RefTable refs, WireFault fault)
    {
        (_writer, _identities, _refs) = (writer, identities, refs);
        if (batch.DeclarationCount == 0)
        {
            return true;
        }
        int metric = -1;
        foreach (ref MetricRun run in batch.Runs)
        {
            if (run.Ref == 0 || !run.IsNamed || run.Metric == metric)
            {
                continue;
            }
            metric = run.Metric;
            RejectReason reason = RejectReason.None;
            ulong hash = run.Identity?.Hash ?? 0;
            WireIdentity? identity = run.Identity ?? _resolver.Resolve(message, run, identities, out hash, out reason);
            if (!refs.TryDeclare(run.Ref, identity, hash, reason))
            {
                refs.Undo();
                return fault.At($"metrics[{metric}].series_ref", $"declares ref {run.Ref} again with another name or other labels");
            }
            run.Identity = identity;
        }
        refs.Commit();
        return true;
    }

    /// <summary>Applies everything, in one turn of the source. <see cref="TryDeclare"/> comes before.</summary>
    public BatchOutcome Apply(ReadOnlySpan<byte> message)
    {
        _writer.Enter();
        try
        {
            if (_identities.EvictionVersion != _writer.EvictionVersion)
            {
                budget.Identities.Return(_identities.DropEvicted(_writer.EvictionVersion));
            }
            return ApplyAll(message);
        }
        finally
        {
            _totals.Forget();
            _writer.Exit();
        }
    }

    /// <summary>Instead of <see cref="Apply"/>: nothing is applied, all is counted.</summary>
    public BatchOutcome RejectAll(RejectReason reason)
    {
        _rejectedCount = 0;
        _firstReason = RejectReason.None;
        Reject(reason, batch.SampleCount);
        return new BatchOutcome(0, _rejectedCount, _firstReason);
    }

    private BatchOutcome ApplyAll(ReadOnlySpan<byte> message)
    {
        _applied = 0;
        _rejectedCount = 0;
        _firstReason = RejectReason.None;
        _newestNs = 0;
        ReadOnlySpan<MetricRun> runs = batch.Runs;
        for (int i = 0; i < runs.Length; i++)
        {
            FetchAhead(runs, i);
            ApplyRun(message, runs[i]);
        }
        foreach (ref readonly TickRun tick in batch.Ticks)
        {
            ApplyTick(message, tick);
        }
        if (batch.OverLimitCount > 0)
        {
            Reject(RejectReason.BatchSamplesLimit, batch.OverLimitCount);
        }
        _totals.Append(_writer);
        if (_newestNs > _writer.Source.NewestSampleNs)
        {
            _writer.Source.NewestSampleNs = _newestNs;
        }
        return new BatchOutcome(_applied, _rejectedCount, _firstReason);
    }

    private static void FetchAhead(ReadOnlySpan<MetricRun> runs, int at)
    {
        if (at + SeriesAhead < runs.Length)
        {
            Ahead.Fetch(runs[at + SeriesAhead].Identity?.Series);
            Ahead.Fetch(runs[at + RingAhead].Identity?.Series?.AloneRing);
            runs[at + CellsAhead].Identity?.Series?.AloneRing?.FetchNext();
        }
    }

    private void ApplyRun(ReadOnlySpan<byte> message, in MetricRun run)
    {
        RejectReason reason = RejectReason.None;
        WireIdentity? identity = run.Identity
            ?? (run.IsNamed ? _resolver.Resolve(message, run, _identities, out _, out reason) : _refs.Find(run.Ref, out reason));
        if (identity is not null && run.UnitLength > 0 && !identity.HasUnit)
        {
            reason = _resolver.SetUnit(identity, message.Slice(run.UnitAt, run.UnitLength));
        }
        if (run.Form == RunForm.Declaration)
        {
            return;
        }
        Series? series = identity?.Series;
        if (reason == RejectReason.None && (series is null || series.Kind != KindOf(run.Form)))
        {
            reason = _resolver.Bind(_writer, _identities, identity!, KindOf(run.Form), out series);
        }
        if (reason != RejectReason.None)
        {
            if (IsSeriesLimit(reason) && identity is not null)
            {
                KeepTotals(message, run, identity);
            }
            Reject(reason, run.Count);
            return;
        }
        switch (run.Form)
        {
            case RunForm.GaugePairs:
            case RunForm.CounterPairs:
                ApplyPairs(series!, batch.Pairs(run));
                break;
            case RunForm.GaugeColumns:
            case RunForm.CounterColumns:
                ApplyColumns(series!, batch.Values(message, run.Timestamps), batch.Values(message, run.Values));
                break;
            case RunForm.HistogramPairs:
                ApplyHistograms(message, series!, batch.Pairs(run));
                break;
            default:
                ApplyAggregates(series!, batch.Words(run.Values.At, run.Count * 6), run.Count);
                break;
        }
    }

    private void ApplyPairs(Series series, ReadOnlySpan<ulong> pairs)
    {
        if (pairs.Length > 2 && AreTimes(pairs, stride: 2))
        {
            _writer.AppendPairs(series, pairs);
            _applied += pairs.Length / 2;
            return;
        }
        for (int i = 0; i < pairs.Length; i += 2)
        {
            if (IsTime(pairs[i]))
            {
                _writer.AppendBits(series, (long)pairs[i], (long)pairs[i + 1]);
                _applied++;
            }
        }
    }

    private void ApplyColumns(Series series, ReadOnlySpan<ulong> timestampsNs, ReadOnlySpan<ulong> bits)
    {
        if (timestampsNs.Length > 1 && AreTimes(timestampsNs, stride: 1))
        {
            _writer.AppendColumns(series, timestampsNs, bits);
            _applied += timestampsNs.Length;
            return;
        }
        for (int i = 0; i < timestampsNs.Length; i++)
        {
            if (IsTime(timestampsNs[i]))
            {
                _writer.AppendBits(series, (long)timestampsNs[i], (long)bits[i]);
                _applied++;
            }
        }
    }

    private void ApplyHistograms(ReadOnlySpan<byte> message, Series series, ReadOnlySpan<ulong> pairs)
    {
        for (int i = 0; i < pairs.Length; i += 2)
        {
            if (!IsTime(pairs[i]))
            {
                continue;
            }
            _histogram.ReadAgain(message, pairs[i + 1]);
            RejectReason reason = _histogram.Check();
            if (reason == RejectReason.None && !_writer.TryAppend(series, (long)pairs[i], _histogram.Sample))
            {
                reason = RejectReason.RingMemory;
            }
            Count(reason);
        }
    }

    private void ApplyAggregates(Series series, ReadOnlySpan<ulong> columns, int rows)
    {
        ReadOnlySpan<double> values = MemoryMarshal.Cast<ulong, double>(columns);
        for (int i = 0; i < rows; i++)
        {
            if (!IsTime(columns[i]))
            {
                continue;
            }
            AggregateSlot aggregate = new() { Min = values[rows + i], Max = values[(2 * rows) + i], Sum = values[(3 * rows) + i], Count = columns[(5 * rows) + i] };
            if (aggregate.Count > 0)
            {
                _writer.AppendAggregate(series, (long)columns[i], values[(4 * rows) + i], aggregate);
            }
            Count(aggregate.Count > 0 ? RejectReason.None : RejectReason.Aggregate);
        }
    }

    private void ApplyTick(ReadOnlySpan<byte> message, in TickRun tick)
    {
        ReadOnlySpan<ulong> values = batch.Values(message, tick.Values);
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
        _writer.AppendRow((long)tick.TimestampNs, firstSlot, values);
        _applied += values.Length;
    }

    /// <summary>A tick that meets a ref for the first time, or one that is not known, or series that do not lie side by side.</summary>
    private void ApplyTickOneByOne(in TickRun tick, SeriesKind kind, ReadOnlySpan<ulong> values)
    {
        for (int i = 0; i < values.Length; i++)
        {
            long seriesRef = (long)tick.FirstRef + i;
            RejectReason reason = RejectReason.UnknownRef;
            WireIdentity? identity = tick.FirstRef == 0 || seriesRef > uint.MaxValue ? null : _refs.Find((uint)seriesRef, out reason);
            Series? series = identity?.Series;
            if (identity is not null && reason == RejectReason.None && (series is null || series.Kind != kind))
            {
                reason = _resolver.Bind(_writer, _identities, identity, kind, out series);
            }
            if (reason == RejectReason.None)
            {
                _writer.AppendBits(series!, (long)tick.TimestampNs, (long)values[i]);
            }
            else if (tick.IsCounter && identity is not null && IsSeriesLimit(reason) && FindTotal(identity, kind) is { } total)
            {
                _totals.Count(total, identity, tick.TimestampNs, values[i]);
            }
            Count(reason);
        }
    }

    /// <summary>
    /// Samples of a series past a limit are rejected, but their sum is kept: counters as a total, histograms one by one, since they add up by
    /// themselves. Gauges have no sum.
    /// </summary>
    private void KeepTotals(ReadOnlySpan<byte> message, in MetricRun run, WireIdentity identity)
    {
        SeriesKind kind = KindOf(run.Form);
        if (kind == SeriesKind.Gauge || FindTotal(identity, kind) is not { } total)
        {
            return;
        }
        if (run.Form == RunForm.CounterColumns)
        {
            ReadOnlySpan<ulong> timestampsNs = batch.Values(message, run.Timestamps);
            ReadOnlySpan<ulong> values = batch.Values(message, run.Values);
            for (int i = 0; i < values.Length; i++)
            {
                _totals.Count(total, identity, timestampsNs[i], values[i]);
            }
            return;
        }
        ReadOnlySpan<ulong> pairs = batch.Pairs(run);
        for (int i = 0; i < pairs.Length; i += 2)
        {
            if (kind == SeriesKind.Counter)
            {
                _totals.Count(total, identity, pairs[i], pairs[i + 1]);
                continue;
            }
            _histogram.ReadAgain(message, pairs[i + 1]);
            if ((long)pairs[i] > 0 && _histogram.Check() == RejectReason.None)
            {
                _writer.TryAppend(total.Series, (long)pairs[i], _histogram.Sample);
            }
        }
    }

    /// <summary>None for what is replayed: it was counted when it came first.</summary>
    private OverflowTotal? FindTotal(WireIdentity identity, SeriesKind kind) =>
        batch.Header.Replay ? null : _totals.Find(_writer, _identities, identity, kind);

    /// <summary>False, and counted as rejected, when the samples have no time that can be kept.</summary>
    private bool IsTime(ulong timestampNs, int samples = 1)
    {
        if ((long)timestampNs <= 0)
        {
            Reject(RejectReason.Timestamp, samples);
            return false;
        }
        if ((long)timestampNs <= _writer.SkipUntilNs)
        {
            return false;    // Replayed, and already here from the history that was read back at start.
        }
        _newestNs = Math.Max(_newestNs, (long)timestampNs);
        return true;
    }

    /// <summary>True when all samples of a run can be kept, which is the rule: then they are appended all at once.</summary>
    private bool AreTimes(ReadOnlySpan<ulong> timestampsNs, int stride)
    {
        long oldestNs = long.MaxValue;
        long newestNs = 0;
        for (int i = 0; i < timestampsNs.Length; i += stride)
        {
            oldestNs = Math.Min(oldestNs, (long)timestampsNs[i]);
            newestNs = Math.Max(newestNs, (long)timestampsNs[i]);
        }
        if (oldestNs <= Math.Max(0, _writer.SkipUntilNs))
        {
            return false;
        }
        _newestNs = Math.Max(_newestNs, newestNs);
        return true;
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

    private static bool IsSeriesLimit(RejectReason reason) =>
        reason is RejectReason.SeriesLimit or RejectReason.ServiceSeriesLimit or RejectReason.NameSeriesLimit;

    private static SeriesKind KindOf(RunForm form) => form switch
    {
        RunForm.CounterPairs or RunForm.CounterColumns => SeriesKind.Counter,
        RunForm.HistogramPairs => SeriesKind.Histogram,
        _ => SeriesKind.Gauge,
    };
}
