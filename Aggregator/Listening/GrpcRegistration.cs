using System.Globalization;
using Grpc.AspNetCore.Server;
using Grpc.Core;
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
        services.AddSection<GrpcOptions>(GrpcOptions.Section);
        services.AddSingleton<GrpcKeyInterceptor>();
        services.AddGrpc(options =>
        {
            options.Interceptors.Add<GrpcKeyInterceptor>();
            // Its catch-all for unknown services would match on every port, and hide why another endpoint refuses a request.
            options.IgnoreUnknownServices = true;
        });
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

    /// <summary>What no endpoint of the gRPC port takes is answered as gRPC answers: with a status in the headers alone.</summary>
    public static IApplicationBuilder UseUnknownGrpcServices(this IApplicationBuilder app) => app.Use((context, next) =>
    {
        // What is no route endpoint is the framework's own answer to a path that other ports have, such as 405.
        if (context.GetEndpoint() is RouteEndpoint || context.Features.Get<ListenerFeature>()?.Listener != Listener.Grpc
            || context.Request.ContentType?.StartsWith("application/grpc", StringComparison.OrdinalIgnoreCase) != true)
        {
            return next(context);
        }
        context.Response.ContentType = "application/grpc";
        context.Response.Headers["grpc-status"] = ((int)StatusCode.Unimplemented).ToString(CultureInfo.InvariantCulture);
        context.Response.Headers["grpc-message"] = "Cannot accept the call: the aggregator has no such service.";
        return Task.CompletedTask;
    });

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
