using Observability.Protocol;

namespace Observability.Agent.Transport;

/// <summary>How one stream ended, and how far it had come.</summary>
/// <param name="Status">The status of the call.</param>
/// <param name="ServerSession">The aggregator's session; 0: it never answered.</param>
/// <param name="SentBatches">Numbered batches sent on this stream, without replayed ones.</param>
/// <param name="HasProgress">A batch was acknowledged on this stream.</param>
/// <param name="HasReplayed">Batches were replayed on this stream.</param>
/// <param name="Pushback">How long the aggregator asks to wait.</param>
internal readonly record struct StreamEnd(
    GrpcStatus Status, ulong ServerSession, long SentBatches, bool HasProgress, bool HasReplayed, TimeSpan? Pushback)
{
    /// <summary>The aggregator took the stream: it answered the declarations.</summary>
    public bool IsAccepted => ServerSession != 0;

    /// <summary>Refusals that another attempt at once cannot mend.</summary>
    public bool IsRefusal => Status.Code is GrpcStatusCode.Unauthenticated or GrpcStatusCode.PermissionDenied
        or GrpcStatusCode.AlreadyExists or GrpcStatusCode.Unimplemented;

    /// <summary>What a person can do about it.</summary>
    public string Remedy => Status.Code switch
    {
        GrpcStatusCode.Unauthenticated or GrpcStatusCode.PermissionDenied => " Set API_KEY to a key the aggregator knows.",
        GrpcStatusCode.AlreadyExists => " Give each process its own INSTANCE_ID.",
        GrpcStatusCode.Unimplemented => " Set AGGREGATOR_ADDR to the aggregator's gRPC port.",
        _ => "",
    };
}
