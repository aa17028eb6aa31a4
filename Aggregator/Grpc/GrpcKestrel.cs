using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Options;

namespace Observability.Aggregator.Grpc;

/// <summary>Makes an endpoint of Kestrel a gRPC endpoint.</summary>
public static class GrpcKestrel
{
    /// <summary>
    /// HTTP/2 only (in clear text without upgrade, or TLS when the endpoint has it), which serves gRPC and nothing else. The limits on
    /// streams and pings belong to the whole server, and only HTTP/2 knows them; body size and data rate are lifted per call.
    /// </summary>
    public static ListenOptions UseGrpc(this ListenOptions endpoint)
    {
        GrpcServerOptions options = endpoint.ApplicationServices.GetRequiredService<IOptions<GrpcServerOptions>>().Value;
        Http2Limits limits = endpoint.KestrelServerOptions.Limits.Http2;
        limits.MaxStreamsPerConnection = options.StreamsPerConnectionMax;
        limits.KeepAlivePingDelay = options.KeepAlivePingDelay;
        limits.KeepAlivePingTimeout = options.KeepAlivePingTimeout;
        endpoint.Protocols = HttpProtocols.Http2;
        endpoint.Use(next => connection =>
        {
            connection.Features.Set(GrpcEndpointFeature.Instance);
            return next(connection);
        });
        return endpoint;
    }
}

/// <summary>Marks the connections of a gRPC endpoint.</summary>
internal sealed class GrpcEndpointFeature
{
    public static readonly GrpcEndpointFeature Instance = new();
}
