using Grpc.Core;
using Grpc.Core.Interceptors;
using Observability.Aggregator.Diagnostics;

namespace Observability.Aggregator.Security;

/// <summary>
/// Refuses a streaming call before any of its messages is read: without a key of TELEMETRY_API_KEYS, or, where the client sends a stream, while the aggregator
/// drains. Unary calls pass: the only one is health's Check, which a load balancer asks without a key.
/// </summary>
internal sealed class GrpcKeyInterceptor(SecurityOptions options, ServingState serving) : Interceptor
{
    public override Task DuplexStreamingServerHandler<TRequest, TResponse>(
        IAsyncStreamReader<TRequest> requestStream, IServerStreamWriter<TResponse> responseStream, ServerCallContext context,
        DuplexStreamingServerMethod<TRequest, TResponse> continuation)
    {
        RefuseWithoutKey(context);
        RefuseWhileDraining();
        return continuation(requestStream, responseStream, context);
    }

    public override Task<TResponse> ClientStreamingServerHandler<TRequest, TResponse>(
        IAsyncStreamReader<TRequest> requestStream, ServerCallContext context, ClientStreamingServerMethod<TRequest, TResponse> continuation)
    {
        RefuseWithoutKey(context);
        RefuseWhileDraining();
        return continuation(requestStream, context);
    }

    public override Task ServerStreamingServerHandler<TRequest, TResponse>(
        TRequest request, IServerStreamWriter<TResponse> responseStream, ServerCallContext context, ServerStreamingServerMethod<TRequest, TResponse> continuation)
    {
        RefuseWithoutKey(context);
        return continuation(request, responseStream, context);
    }

    private void RefuseWithoutKey(ServerCallContext context)
    {
        string? presented = context.GetHttpContext().Request.Headers[AccessMiddleware.ApiKeyHeader];
        if (options.IngestKeys.Allows(presented))
        {
            return;
        }
        throw new RpcException(new Status(
            StatusCode.Unauthenticated,
            string.IsNullOrEmpty(presented)
                ? $"Cannot accept the call: metadata '{AccessMiddleware.ApiKeyHeader}' is missing. Send a key of {SecurityOptions.ApiKeysName}."
                : $"Cannot accept the call: the key in '{AccessMiddleware.ApiKeyHeader}' is none of {SecurityOptions.ApiKeysName}."));
    }

    private void RefuseWhileDraining()
    {
        if (serving.Phase == ServingPhase.Draining)
        {
            throw new RpcException(new Status(StatusCode.Unavailable, "Cannot accept the call: the aggregator is shutting down. Try again."));
        }
    }
}
