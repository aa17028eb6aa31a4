using System.Runtime.ExceptionServices;
using System.Text;
using System.Threading.Tasks.Sources;
using Grpc.Core;
using Observability.Aggregator.Diagnostics;

namespace Observability.Aggregator.Ingest;

/// <summary>
/// One stream of batches. Its endpoint calls <see cref="ApplyAsync"/> whenever messages are there; everything else happens in the turn of the
/// shard that owns the stream's source, on whatever thread has it. Between turns the endpoint alone reads and resets what the Ack tells.
/// </summary>
internal sealed class IngestStream(IngestShards shards, IBatchSource source, bool isExchange, KeyUsage? key = null) : IValueTaskSource
{
    /// <summary>A day: what a client says here decides when its series count as stale.</summary>
    private const uint PushIntervalMsMax = 86_400_000;

    private readonly WireFault _firstFault = new();
    private readonly RefTable _refs = new(shards.Options.RefsPerStreamMax);
    private ManualResetValueTaskSourceCore<bool> _turn = new() { RunContinuationsAsynchronously = true };
    private ReadOnlyMemory<byte> _first;
    private bool _hasFirst;
    private bool _isClosing;
    private string _service = "";
    private string _instance = "";
    private byte[] _serviceBytes = [];
    private byte[] _instanceBytes = [];
    private IngestShard? _shard;
    private SourceOwner? _owner;
    private ConnectedAgent? _agent;
    private ulong _sessionId;
    private SequenceLedger? _ledger;
    private ExceptionDispatchInfo? _failure;
    private volatile End? _end;    // One reference: a stream that takes over writes it while the endpoint may read.

    private sealed record End(Status Status);

    /// <summary>Next in its shard's queue; the shard's.</summary>
    public IngestStream? NextWaiting { get; set; }

    public string Peer => source.Peer;

    /// <summary>Not null once the stream must end.</summary>
    public Status? Status { get => _end?.Status; private set => _end = value is { } status ? new End(status) : null; }

    /// <summary>The client met a limit that may have room later: ask it to wait.</summary>
    public bool AskToWait { get; private set; }

    /// <summary>What the next Ack tells.</summary>
    public AckTally Tally { get; } = new();

    /// <summary>When the newest batch came.</summary>
    public long NewestBatchNs { get; private set; } = shards.Time.UnixNs();

    /// <summary>Applies the messages that are here, up to a bound. <see cref="Status"/> tells whether the stream goes on.</summary>
    public ValueTask ApplyAsync()
    {
        if (_shard is null && !TryFindShard())
        {
            return default;
        }
        ValueTask turn = _shard!.RunAsync(this);
        if (!turn.IsCompletedSuccessfully)
        {
            return AfterTurnAsync(turn);
        }
        turn.GetAwaiter().GetResult();
        _failure?.Throw();
        return default;
    }

    /// <summary>Gives up the source. Called once, when the call ends.</summary>
    public ValueTask CloseAsync()
    {
        if (_agent is not null)
        {
            shards.Agents.Remove(_agent);
        }
        if (_owner is null)
        {
            return default;
        }
        _isClosing = true;
        return _shard!.RunAsync(this);
    }

    /// <summary>[Data plane] By the shard, in the stream's turn.</summary>
    public void Run()
    {
        try
        {
            if (_isClosing)
            {
                Leave();
                return;
            }
            NewestBatchNs = shards.Time.UnixNs();
            for (int i = 0; i < shards.Options.BatchesPerTurnMax && Status is null && TryTake(out ReadOnlyMemory<byte> message); i++)
            {
                Apply(message.Span);
            }
        }
        catch (Exception exception)
        {
            // The thread may be another stream's: its own endpoint gets the exception.
            _failure = ExceptionDispatchInfo.Capture(exception);
        }
    }

    public ValueTask WaitForTurn()
    {
        _turn.Reset();
        return new ValueTask(this, _turn.Version);
    }

    public void FinishTurn() => _turn.SetResult(true);

    void IValueTaskSource.GetResult(short token) => _turn.GetResult(token);

    ValueTaskSourceStatus IValueTaskSource.GetStatus(short token) => _turn.GetStatus(token);

    void IValueTaskSource.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _turn.OnCompleted(continuation, state, token, flags);

    private async ValueTask AfterTurnAsync(ValueTask turn)
    {
        await turn;
        _failure?.Throw();
    }

    /// <summary>The first message says whose the stream is. It is applied like every other, once the shard is known.</summary>
    private bool TryFindShard()
    {
        if (!source.TryRead(out _first))
        {
            return false;
        }
        _hasFirst = true;
        if (!BatchIdentity.TryRead(_first.Span, _firstFault, out _service, out _instance))
        {
            // No shard counts it: there is no source it could belong to.
            shards.CountMalformedFirst();
            Status = new Status(StatusCode.InvalidArgument, $"Cannot apply the stream's first batch: {_firstFault}. Nothing of it was applied.");
            return false;
        }
        int bytesMax = shards.Store.Options.LabelValueBytesMax;
        _serviceBytes = Encoding.UTF8.GetBytes(_service);
        _instanceBytes = Encoding.UTF8.GetBytes(_instance);
        if (_serviceBytes.Length > bytesMax || _instanceBytes.Length > bytesMax)
        {
            Status = new Status(
                StatusCode.ResourceExhausted,
                $"Cannot open source: service and instance have {_serviceBytes.Length} and {_instanceBytes.Length} bytes, {bytesMax} are the limit (Storage:LabelValueBytesMax).");
            return false;
        }
        _shard = shards.Of(_service, _instance);
        return true;
    }

    private bool TryTake(out ReadOnlyMemory<byte> message)
    {
        if (!_hasFirst)
        {
            return source.TryRead(out message);
        }
        message = _first;
        _first = default;
        _hasFirst = false;
        return true;
    }

    /// <summary>Finds the owner of the stream's source. False at the limit on sources.</summary>
    private bool TryJoin()
    {
        _owner = shards.Owner(_shard!, _service, _instance);
        if (_owner is null)
        {
            AskToWait = true;
            Status = new Status(
                StatusCode.ResourceExhausted,
                $"Cannot open source '{_service}/{_instance}': {shards.Store.Options.SourcesMax} sources are the limit (Storage:SourcesMax).");
            return false;
        }
        _owner.StreamCount++;
        _agent = new ConnectedAgent(_owner.Writer.Source, Peer, sessionId: 0, isExchange, NewestBatchNs);
        shards.Agents.Add(_agent);
        return true;
    }

    /// <summary>
    /// A session has one writing stream: a new one of the same session takes over, one of another session is refused while the first is live.
    /// Streams without a session need no claim: their shard puts their batches one after another.
    /// </summary>
    private bool TryClaim(BatchDecoder decoder)
    {
        ref readonly BatchHeader header = ref decoder.Batch.Header;
        if (header.SessionId == _sessionId || header.SessionId == 0)
        {
            return (header.Sequence == 0 || _sessionId != 0)
                || decoder.Fault.At("session_id", "is missing beside sequence");
        }
        if (_sessionId != 0)
        {
            return decoder.Fault.At("session_id", "is not that of the stream's earlier batches; open a new stream for a new session");
        }
        IngestStream? current = _owner!.Current;
        if (current is not null && current._sessionId != header.SessionId && !IsSilent(current))
        {
            Refuse(current);
            return false;
        }
        current?.GiveWay(this);
        _owner.Current = this;
        _sessionId = header.SessionId;
        _ledger = _owner.Ledger(_sessionId);
        _agent!.SessionId = _sessionId;
        return true;
    }

    private bool IsSilent(IngestStream current) => NewestBatchNs - current.NewestBatchNs > shards.Options.SessionSilentMs * 1_000_000L;

    private void Refuse(IngestStream current)
    {
        _shard!.Counters.CountConflict();
        shards.Agents.Add(new OwnerConflict(_service, _instance, Peer, current.Peer, NewestBatchNs));
        AskToWait = true;
        Status = new Status(
            StatusCode.AlreadyExists,
            $"Cannot take batches of {_service}/{_instance} from {Peer}: another session of it is live, from {current.Peer}. Give each process its own instance.");
    }

    /// <summary>The stream has had its last batch. In the turn of the shard that both belong to.</summary>
    private void GiveWay(IngestStream next)
    {
        Status = new Status(StatusCode.Aborted, $"A newer stream of {_service}/{_instance}, from {next.Peer}, has taken over.");
        source.Abort(Status.Value);
    }

    private void Leave()
    {
        SourceOwner owner = _owner!;
        if (owner.Current == this)
        {
            owner.Current = null;
        }
        shards.Store.Catalog.Release(owner.Writer);
        if (--owner.StreamCount == 0)
        {
            shards.Budget.Identities.Return(owner.Identities.DropUnbound());
        }
    }

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
            shards.Store.Arrivals.Signal();
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
