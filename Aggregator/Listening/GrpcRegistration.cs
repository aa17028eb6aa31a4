using Grpc.AspNetCore.Server;
using Grpc.Net.Compression;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Options;
using Observability.Aggregator.Diagnostics;
using Observability.Aggregator.Security;

namespace Observability.Aggregator.Listening;

/// <summary>gRPC as every service here uses it: keys, limits, compression, health, reflection.</summary>
internal static class GrpcRegistration
{
    public static IServiceCollection AddGrpcServer(this IServiceCollection services)
    {
        services.AddSettings<GrpcOptions>(GrpcOptions.Section);
        services.AddSingleton<GrpcKeyInterceptor>();
        services.AddGrpc(options => options.Interceptors.Add<GrpcKeyInterceptor>());
        services.AddOptions<GrpcServiceOptions>().Configure<IOptions<GrpcOptions>>(static (server, own) =>
        {
            int bytesMax = own.Value.MessageBytesMax;
            server.MaxReceiveMessageSize = bytesMax;
            server.CompressionProviders = new List<ICompressionProvider> { new GzipMessages(bytesMax), new SnappyMessages(bytesMax), new ZstdMessages(bytesMax) };
        });
        services.AddGrpcHealthChecks(options => options.Services.Map("telemetry.v1.TelemetryIngestor", static _ => true)).AddCheck<ServingCheck>("serving");
        // Only Watch needs it: Check looks for itself.
        services.Configure<HealthCheckPublisherOptions>(options => (options.Delay, options.Period) = (TimeSpan.Zero, TimeSpan.FromSeconds(1)));
        services.AddGrpcReflection();
        return services;
    }

    public static IEndpointRouteBuilder MapGrpcServer(this IEndpointRouteBuilder endpoints)
    {
        endpoints.MapGrpcHealthChecksService();
        endpoints.MapGrpcReflectionService();
        return endpoints;
    }

    /// <summary>HTTP/2 only. The limits on streams and pings belong to the whole web server, and only HTTP/2 knows them.</summary>
    public static void UseGrpc(this ListenOptions endpoint)
    {
        GrpcOptions options = endpoint.ApplicationServices.GetRequiredService<IOptions<GrpcOptions>>().Value;
        Http2Limits limits = endpoint.KestrelServerOptions.Limits.Http2;
        limits.MaxStreamsPerConnection = options.StreamsPerConnectionMax;
        limits.KeepAlivePingDelay = options.KeepAlivePingDelay;
        limits.KeepAlivePingTimeout = options.KeepAlivePingTimeout;
        endpoint.Protocols = HttpProtocols.Http2;
    }

    private sealed class ServingCheck(ServingState serving) : IHealthCheck
    {
        public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) =>
            Task.FromResult(serving.Phase == ServingPhase.Serving ? HealthCheckResult.Healthy() : HealthCheckResult.Unhealthy());
    }
}
