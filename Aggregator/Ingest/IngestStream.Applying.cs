using Grpc.Core;

namespace Observability.Aggregator.Ingest;

internal sealed partial class IngestStream
{
    /// <summary>[Data plane] One batch, in the stream's turn: check it, find out whether it is to be applied, apply it, count it.</summary>
    private void Apply(ReadOnlySpan<byte> message)
    {
        IngestShard shard = _shard!;
        if (_owner is null && !TryJoin())
        {
            return;
        }
        shard.Counters.CountBatch();
        BatchDecoder decoder = shard.Decoder;
        bool applied = decoder.TryScan(message, _owner!.Identities) && IsOwnIdentity(message, decoder) && TryClaim(decoder)
            && shard.Writer.TryDeclare(message, _owner.Writer, _owner.Identities, _refs, decoder.Fault);
        if (applied)
        {
            ApplyOnce(message, shard, decoder.Batch);
        }
        else if (Status is null)
        {
            shard.Counters.CountMalformed();
            Status = Malformed(message, decoder);
        }
    }

    private void ApplyOnce(ReadOnlySpan<byte> message, IngestShard shard, ScannedBatch batch)
    {
        ref readonly BatchHeader header = ref batch.Header;
        NoteHeader(header);
        Tally.Batches++;
        if (header.Sequence != 0 && !IsNew(header, shard.Counters))
        {
            shard.Counters.CountDuplicates(batch.SampleCount);
            _owner!.Writer.Source.Duplicates += batch.SampleCount;
        }
        else
        {
            _owner!.Writer.ReceivedNs = NewestBatchNs;
            _owner.Writer.SkipUntilNs = header.Replay ? _owner.Writer.RestoredUntilNs : long.MinValue;
            Count(shard.Counters, IsWithinRate(batch) ? shard.Writer.Apply(message) : shard.Writer.RejectAll(RejectReason.RateLimit), header.Replay);
            services.Store.Arrivals.Signal();
        }
        if (_ledger is not null)
        {
            Tally.Sequence = _ledger.Mark;
            _agent!.Sequence = _ledger.Mark;
        }
    }

    private bool IsWithinRate(ScannedBatch batch)
    {
        uint retryAfterMs = 0;
        bool isWithin = key is null || key.TryTake(batch.SampleCount, out retryAfterMs);
        Tally.RetryAfterMs = Math.Max(Tally.RetryAfterMs, retryAfterMs);
        return isWithin;
    }

    private bool IsNew(in BatchHeader header, ShardCounters counters)
    {
        if (header.Replay)
        {
            return _ledger!.TryReplay(header.Sequence);
        }
        ulong skipped = _ledger!.SkippedCount;
        bool isNew = _ledger.TryApply(header.Sequence);
        if (_ledger.SkippedCount != skipped)
        {
            counters.CountSkippedSequences((long)(_ledger.SkippedCount - skipped));
        }
        return isNew;
    }

    private void Count(ShardCounters counters, in BatchOutcome outcome, bool replay)
    {
        Storage.Source target = _owner!.Writer.Source;
        if (replay)
        {
            counters.CountReplayed(outcome.Applied);
            counters.CountReplayRejected(outcome.Rejected);
            target.Replayed += outcome.Applied;
            return;
        }
        counters.CountReceived(outcome.Applied);
        counters.CountRejected(outcome.Rejected);
        target.Received += outcome.Applied;
        target.Rejected += outcome.Rejected;
        Tally.Received += outcome.Applied;
        Tally.Rejected += outcome.Rejected;
        if (Tally.FirstReason == RejectReason.None)
        {
            Tally.FirstReason = outcome.FirstReason;
        }
    }

    private void NoteHeader(in BatchHeader header)
    {
        Storage.Source target = _owner!.Writer.Source;
        target.NewestReceivedNs = NewestBatchNs;
        _agent!.NewestBatchNs = NewestBatchNs;
        if (header.SentAtNs != 0)
        {
            Tally.SentAtNs = header.SentAtNs;
        }
        if (header.PushIntervalMs != 0)
        {
            target.PushIntervalMs = (int)Math.Min(header.PushIntervalMs, PushIntervalMsMax);
            Tally.PushIntervalMs = header.Sequence == 0 ? 0 : header.PushIntervalMs;
        }
        if (header.Report is not null)
        {
            target.ClockOffsetNs = header.Report.ClockOffsetNs;
            target.NoteSession(header.Report.StartedAtNs, NewestBatchNs);
            _agent.Reported(header.Report, NewestBatchNs);
        }
        if (header.ReportTooLarge)
        {
            _shard!.Counters.CountReportIgnored();
        }
    }

    /// <summary>A day: what a client says here decides when its series count as stale.</summary>
    private const uint PushIntervalMsMax = 86_400_000;

    /// <summary>Later batches may leave service and instance out; naming others is malformed: one stream carries one source.</summary>
    private bool IsOwnIdentity(ReadOnlySpan<byte> message, BatchDecoder decoder)
    {
        ref readonly BatchHeader header = ref decoder.Batch.Header;
        if (header.ServiceLength > 0 && !message.Slice(header.ServiceAt, header.ServiceLength).SequenceEqual(_serviceBytes))
        {
            return decoder.Fault.At("service", $"is not '{_service}', to which the stream belongs; open a stream for each service and instance");
        }
        return header.InstanceLength == 0
            || message.Slice(header.InstanceAt, header.InstanceLength).SequenceEqual(_instanceBytes)
            || decoder.Fault.At("instance", $"is not '{_instance}', to which the stream belongs; open a stream for each service and instance");
    }

    private Status Malformed(ReadOnlySpan<byte> message, BatchDecoder decoder) => new(
        StatusCode.InvalidArgument,
        $"Cannot apply batch {decoder.FindSequence(message)} of {_service}/{_instance}: {decoder.Fault}. Nothing of it was applied.");
}
