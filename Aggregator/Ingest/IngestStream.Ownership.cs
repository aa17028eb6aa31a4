using Grpc.Core;

namespace Observability.Aggregator.Ingest;

internal sealed partial class IngestStream
{
    /// <summary>Finds the owner of the stream's source. False at the limit on sources.</summary>
    private bool TryJoin()
    {
        _owner = services.Shards.Owner(_shard!, _service, _instance);
        if (_owner is null)
        {
            AskToWait = true;
            Status = new Status(
                StatusCode.ResourceExhausted,
                $"Cannot open source '{_service}/{_instance}': {services.Store.Options.SourcesMax} sources are the limit (Storage:SourcesMax).");
            return false;
        }
        _owner.StreamCount++;
        _agent = new ConnectedAgent(_owner.Writer.Source, Peer, sessionId: 0, isExchange, NewestBatchNs);
        services.Agents.Add(_agent);
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

    private bool IsSilent(IngestStream current) => NewestBatchNs - current.NewestBatchNs > services.Options.SessionSilentMs * 1_000_000L;

    private void Refuse(IngestStream current)
    {
        _shard!.Counters.CountConflict();
        services.Agents.Add(new OwnerConflict(_service, _instance, Peer, current.Peer, NewestBatchNs));
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
        services.Store.Catalog.Release(owner.Writer);
        if (--owner.StreamCount == 0)
        {
            services.Shards.Budget.Identities.Return(owner.Identities.DropUnbound());
        }
    }
}
