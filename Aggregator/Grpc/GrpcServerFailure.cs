using Microsoft.AspNetCore.Connections;
using Observability.Protocol;

namespace Observability.Aggregator.Grpc;

/// <summary>What exceptions of the transport and of methods mean as a status.</summary>
internal static class GrpcServerFailure
{
    public static readonly GrpcStatus ClientGone = new(GrpcStatusCode.Cancelled, "The client reset the stream or its connection was lost.");

    /// <summary>A failed read of the request: the client is gone. Null for what no transport throws.</summary>
    public static GrpcStatus? FromRead(Exception exception) => exception switch
    {
        IOException or ConnectionAbortedException or OperationCanceledException => ClientGone,
        _ => null,
    };
}
