using Observability.Agent.Recording;

namespace Observability.Agent.Batching;

/// <summary>What the transport needs to know of a batch it is about to send.</summary>
internal readonly record struct BatchToSend(ulong Sequence, int SampleCount);

/// <summary>
/// The numbered batches of the session, in bounded memory: first those acknowledged within the replay window, then those still to be
/// acknowledged. When full, the oldest makes room: an acknowledged one is forgotten, one never sent is dropped and counted, and one under way
/// loses its bytes but stays pending until its acknowledgement, or the next stream, shows what became of it. It also keeps the ledger, so
/// that recorded = acknowledged + dropped + pending holds in every snapshot. Any thread; one lock, held per batch, never per sample.
/// </summary>
internal sealed class BatchLog : IDisposable
{
    // 32,768 batches at 50 a second bridge an outage of eleven minutes.
    internal const int BatchesMax = 32_768;

    private readonly Lock _gate = new();
    private readonly BatchStore _store;
    private readonly long _replayNs;
    private readonly Func<long> _monotonicNs;
    private readonly long[] _dropped = new long[DropReasons.Count];
    private ulong _acknowledgedSequence;
    private LedgerCounts _counts;

    public BatchLog(int bytesMax, TimeSpan replayWindow, Func<long> monotonicNs)
    {
        _store = new BatchStore(bytesMax, BatchesMax);
        _replayNs = (long)replayWindow.TotalMilliseconds * 1_000_000;
        _monotonicNs = monotonicNs;
    }

    /// <summary>Every batch up to here needs no sending any more.</summary>
    public ulong AcknowledgedSequence
    {
        get
        {
            lock (_gate)
            {
                return _acknowledgedSequence;
            }
        }
    }

    public bool HasPending
    {
        get
        {
            lock (_gate)
            {
                return _counts.Pending != 0;
            }
        }
    }

    /// <summary>Appends the batches of one push interval; <paramref name="gaugeSamples"/> were counted as buffered until now.</summary>
    public void Append(ReadOnlySpan<byte> bytes, ReadOnlySpan<BatchSlice> slices, int gaugeSamples)
    {
        long nowNs = _monotonicNs();
        lock (_gate)
        {
            _counts.GaugeSamplesTaken += gaugeSamples;
            ForgetReplayed(nowNs - _replayNs);
            foreach (BatchSlice slice in slices)
            {
                _counts.Recorded += slice.SampleCount;
                _counts.Pending += slice.SampleCount;
                AppendOne(bytes.Slice(slice.Offset, slice.Length), slice.SampleCount, nowNs);
            }
        }
    }

    /// <summary>Copies the first pending batch after the cursor, and moves the cursor to it.</summary>
    public bool TryCopyPending(ref ulong cursor, ProtoWriter destination, out BatchToSend batch)
    {
        lock (_gate)
        {
            ulong sequence = Math.Max(Math.Max(cursor, _acknowledgedSequence) + 1, _store.First);
            for (; sequence < _store.Next && (_store[sequence].IsDropped || sequence < _store.FirstHeld); sequence++)
            {
                // It was under way when its bytes were released, and this stream's aggregator does not have it.
                DropIfPending(sequence, DropReason.BufferFull);
            }
            if (sequence >= _store.Next)
            {
                batch = default;
                return false;
            }
            ref BatchEntry entry = ref _store[sequence];
            destination.Bytes(_store.Bytes(entry));
            if (entry.IsSent)
            {
                _counts.Resent += entry.SampleCount;
            }
            else
            {
                entry.IsSent = true;
                _counts.Sent += entry.SampleCount;
            }
            cursor = sequence;
            batch = new BatchToSend(sequence, entry.SampleCount);
            return true;
        }
    }

    /// <summary>Copies the first batch after the cursor that another aggregator's session acknowledged within the replay window.</summary>
    public bool TryCopyReplay(ref ulong cursor, ulong serverSession, ProtoWriter destination, out BatchToSend batch)
    {
        long oldestNs = _monotonicNs() - _replayNs;
        lock (_gate)
        {
            for (ulong sequence = Math.Max(cursor + 1, _store.FirstHeld); sequence <= _acknowledgedSequence; sequence++)
            {
                ref BatchEntry entry = ref _store[sequence];
                if (entry.IsDropped || entry.AcknowledgedBy == serverSession || entry.AppendedNs < oldestNs)
                {
                    continue;
                }
                destination.Bytes(_store.Bytes(entry));
                _counts.Replayed += entry.SampleCount;
                cursor = sequence;
                batch = new BatchToSend(sequence, entry.SampleCount);
                return true;
            }
        }
        batch = default;
        return false;
    }

    /// <summary>
    /// Every batch up to the sequence is applied by this session of the aggregator, except <paramref name="rejected"/> samples of them.
    /// True when it acknowledges batches that no Ack has named before.
    /// </summary>
    public bool Acknowledge(ulong sequence, long rejected, ulong serverSession)
    {
        lock (_gate)
        {
            if (_counts.ServerSession != serverSession)
            {
                _counts.ServerSession = serverSession;
                _counts.AcknowledgedInServerSession = 0;
            }
            ulong last = Math.Min(sequence, _store.Next - 1);
            if (last <= _acknowledgedSequence)
            {
                return false;
            }
            long samples = 0;
            for (ulong s = Math.Max(_acknowledgedSequence + 1, _store.First); s <= last; s++)
            {
                ref BatchEntry entry = ref _store[s];
                entry.AcknowledgedBy = serverSession;
                samples += entry.IsDropped ? 0 : entry.SampleCount;
            }
            _acknowledgedSequence = last;
            long refused = Math.Clamp(rejected, 0, samples);
            _counts.Pending -= samples;
            _counts.Acknowledged += samples - refused;
            _counts.AcknowledgedInServerSession += samples - refused;
            _dropped[(int)DropReason.Rejected] += refused;
            ForgetSettled();
            return true;
        }
    }

    /// <summary>Drops the oldest batch that was sent and not acknowledged, because the aggregator refuses it.</summary>
    public bool TryDropFirstSent(DropReason reason)
    {
        lock (_gate)
        {
            for (ulong sequence = Math.Max(_acknowledgedSequence + 1, _store.First); sequence < _store.Next; sequence++)
            {
                ref BatchEntry entry = ref _store[sequence];
                if (entry.IsDropped)
                {
                    continue;
                }
                if (!entry.IsSent)
                {
                    return false;
                }
                Drop(ref entry, reason);
                return true;
            }
            return false;
        }
    }

    /// <summary>Drops everything still pending: the agent ends.</summary>
    public void DropPending(DropReason reason)
    {
        lock (_gate)
        {
            for (ulong sequence = _store.First; sequence < _store.Next; sequence++)
            {
                DropIfPending(sequence, reason);
            }
        }
    }

    /// <summary>The counts, and the drops by reason added to the destination.</summary>
    public LedgerCounts Snapshot(Span<long> droppedByReason)
    {
        lock (_gate)
        {
            for (int i = 0; i < _dropped.Length; i++)
            {
                droppedByReason[i] += _dropped[i];
            }
            return _counts;
        }
    }

    public void Dispose()
    {
        lock (_gate)
        {
            _store.Dispose();
        }
    }

    private void AppendOne(ReadOnlySpan<byte> bytes, int sampleCount, long nowNs)
    {
        if (bytes.Length > _store.BytesMax)
        {
            Count(DropReason.TooLarge, sampleCount);
            return;
        }
        while (!_store.HasRoomForEntry())
        {
            DropIfPending(_store.First, DropReason.BufferFull);
            _store.RemoveFirst();
        }
        while (!_store.TryAppend(bytes, sampleCount, nowNs))
        {
            if (!_store[_store.FirstHeld].IsSent)
            {
                DropIfPending(_store.FirstHeld, DropReason.BufferFull);
            }
            _store.ReleaseFirstHeld();
            ForgetSettled();
        }
    }

    private void ForgetReplayed(long oldestNs)
    {
        while (!_store.IsEmpty && _store.First <= _acknowledgedSequence && _store[_store.First].AppendedNs < oldestNs)
        {
            _store.RemoveFirst();
        }
    }

    // Entries without bytes are kept only while their end is unknown.
    private void ForgetSettled()
    {
        while (_store.First < _store.FirstHeld && (_store.First <= _acknowledgedSequence || _store[_store.First].IsDropped))
        {
            _store.RemoveFirst();
        }
    }

    private void DropIfPending(ulong sequence, DropReason reason)
    {
        ref BatchEntry entry = ref _store[sequence];
        if (sequence > _acknowledgedSequence && !entry.IsDropped)
        {
            Drop(ref entry, reason);
        }
    }

    private void Drop(ref BatchEntry entry, DropReason reason)
    {
        entry.IsDropped = true;
        Count(reason, entry.SampleCount);
    }

    private void Count(DropReason reason, long sampleCount)
    {
        _counts.Pending -= sampleCount;
        _dropped[(int)reason] += sampleCount;
    }
}

/// <summary>Totals of the log, in samples.</summary>
internal struct LedgerCounts
{
    public long Recorded;
    public long Sent;
    public long Resent;
    public long Acknowledged;
    public long Pending;
    public long Replayed;
    public long GaugeSamplesTaken;
    public ulong ServerSession;
    public long AcknowledgedInServerSession;
}
