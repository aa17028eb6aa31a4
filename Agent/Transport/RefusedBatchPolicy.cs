using Grpc.Core;
using Observability.Agent.Recording;

namespace Observability.Agent.Transport;

/// <summary>
/// Decides which batch is to blame when streams end, so that one bad batch cannot block all that follow. Batches are applied in order,
/// so the one at fault is the first that the aggregator has not applied, as the next stream's first Ack shows. INVALID_ARGUMENT
/// convicts at once; other statuses after several streams without any progress.
/// </summary>
internal sealed class RefusedBatchPolicy
{
    /// <summary>Streams in a row that end at the same batch before it is dropped, when the status alone does not say that it is bad.</summary>
    internal const int StreamsWithoutProgressMax = 3;

    private StatusCode _suspicion = StatusCode.OK;
    private ulong _serverSession;
    private int _streamsWithoutProgress;

    /// <summary>The session of the aggregator that refused replayed batches; it gets no more of them.</summary>
    public ulong ReplayRefusedBy { get; private set; }

    public void OnStreamEnd(in StreamEnd end)
    {
        _suspicion = StatusCode.OK;
        if (!end.IsAccepted || end.Status.StatusCode is StatusCode.OK or StatusCode.Unavailable or StatusCode.Cancelled or StatusCode.Aborted
            || end.IsRefusal)
        {
            _streamsWithoutProgress = 0;
            return;
        }
        _streamsWithoutProgress = end.HasProgress ? 1 : _streamsWithoutProgress + 1;
        bool isConvicting = end.Status.StatusCode == StatusCode.InvalidArgument;
        if (!isConvicting && _streamsWithoutProgress < StreamsWithoutProgressMax)
        {
            return;
        }
        if (end.HasReplayed && !end.HasProgress)
        {
            ReplayRefusedBy = end.ServerSession;
            return;
        }
        if (end.SentBatches > 0)
        {
            _suspicion = end.Status.StatusCode;
            _serverSession = end.ServerSession;
        }
    }

    /// <summary>After the first Ack of a new stream: whether to drop the first batch that was sent and not applied.</summary>
    public bool TryConvict(ulong serverSession, out DropReason reason)
    {
        reason = _suspicion == StatusCode.ResourceExhausted ? DropReason.TooLarge : DropReason.Malformed;
        bool isConvicted = _suspicion != StatusCode.OK && _serverSession == serverSession;
        _suspicion = StatusCode.OK;
        if (isConvicted)
        {
            _streamsWithoutProgress = 0;
        }
        return isConvicted;
    }
}
