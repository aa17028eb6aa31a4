using Microsoft.Extensions.DependencyInjection.Extensions;
using Observability.Aggregator.Diagnostics;
using Observability.Aggregator.Grpc.Health;
using Observability.Aggregator.Grpc.Reflection;
using Observability.Protocol.Health.V1;
using Alpha = Observability.Protocol.Reflection.V1Alpha;
using FileDescriptor = Google.Protobuf.Reflection.FileDescriptor;
using Stable = Observability.Protocol.Reflection.V1;

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
        services.TryAddSingleton<GrpcHealthService>();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IStartupFilter, GrpcStartupFilter>());
        return services;
    }

    /// <summary>Adds a method, for example /telemetry.v1.TelemetryIngestor/Exchange.</summary>
    public static IEndpointRouteBuilder MapGrpc(this IEndpointRouteBuilder endpoints, string fullMethod, GrpcMethod method)
    {
        endpoints.ServiceProvider.GetRequiredService<GrpcMethodTable>().Add(fullMethod, method, GrpcMethodTraits.None);
        return endpoints;
    }

    /// <summary>
    /// Adds what every gRPC server offers: the health service, and reflection over <paramref name="file"/>, which describes the methods
    /// that others map and is asked for when reflection is.
    /// </summary>
    public static IEndpointRouteBuilder MapGrpcServer(this IEndpointRouteBuilder endpoints, Func<FileDescriptor> file)
    {
        GrpcMethodTable table = endpoints.ServiceProvider.GetRequiredService<GrpcMethodTable>();
        GrpcHealthService health = endpoints.ServiceProvider.GetRequiredService<GrpcHealthService>();
        table.Add(GrpcHealthService.CheckPath, health.CheckAsync, GrpcMethodTraits.WithoutKey | GrpcMethodTraits.WhileDraining);
        table.Add(GrpcHealthService.WatchPath, health.WatchAsync, GrpcMethodTraits.WhileDraining);
        var reflection = new GrpcReflectionService(
            table, () => [file(), HealthReflection.Descriptor, Alpha.ReflectionReflection.Descriptor, Stable.ReflectionReflection.Descriptor]);
        table.Add(GrpcReflectionService.Path, reflection.ServeAsync, GrpcMethodTraits.None);
        table.Add(GrpcReflectionService.AlphaPath, reflection.ServeAsync, GrpcMethodTraits.None);
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
