using Microsoft.Extensions.DependencyInjection.Extensions;
using Observability.Aggregator.Diagnostics;

namespace Observability.Aggregator.Grpc;

public static class GrpcRegistration
{
    /// <summary>The gRPC server. Its endpoint is opened by <see cref="GrpcKestrel.UseGrpc"/>, its methods by <see cref="MapGrpc"/>.</summary>
    public static IServiceCollection AddGrpcServer(this IServiceCollection services)
    {
        services.AddSettings<GrpcServerOptions>(GrpcServerOptions.Section);
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton<ServingState>();
        services.TryAddSingleton<GrpcMethodTable>();
        services.TryAddSingleton<GrpcServerCounters>();
        services.TryAddSingleton<GrpcActiveCalls>();
        services.TryAddSingleton<GrpcAdmission>();
        services.TryAddSingleton<GrpcDispatcher>();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IStartupFilter, GrpcStartupFilter>());
        return services;
    }

    /// <summary>Adds a method, for example /telemetry.v1.TelemetryIngestor/Exchange.</summary>
    public static IEndpointRouteBuilder MapGrpc(this IEndpointRouteBuilder endpoints, string fullMethod, GrpcMethod method)
    {
        endpoints.ServiceProvider.GetRequiredService<GrpcMethodTable>().Add(fullMethod, method, GrpcMethodTraits.None);
        return endpoints;
    }
}

/// <summary>
/// Puts gRPC in front of everything else: a call pays for no routing, and nothing but gRPC answers on its endpoint.
/// </summary>
internal sealed class GrpcStartupFilter(GrpcDispatcher dispatcher) : IStartupFilter
{
    public Action<IApplicationBuilder> Configure(Action<IApplicationBuilder> next) => application =>
    {
        application.Use(following => context => GrpcAdmission.Concerns(context) ? dispatcher.DispatchAsync(context) : following(context));
        next(application);
    };
}
