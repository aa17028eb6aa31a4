using Observability.Aggregator.Diagnostics;

namespace Observability.Aggregator.Ingest;

internal static class IngestRegistration
{
    public static IServiceCollection AddIngest(this IServiceCollection services)
    {
        services.AddSection<IngestOptions>(IngestOptions.Section);
        services.AddSingleton<IngestShards>();
        services.AddSingleton<IngestCounters>();
        services.AddSingleton<ConnectedAgents>();
        services.AddSingleton<AckPacer>();
        services.AddSingleton<KeyUsages>();
        services.AddSingleton<TelemetryIngestor>();
        services.AddSingleton<IngestCalls>();
        services.AddSingleton<IDrain>(static provider => provider.GetRequiredService<IngestCalls>());
        services.AddSingleton<Cardinality>();
        services.AddSingleton<IPlatformFamilies, IngestMetrics>();
        services.AddSingleton<IPlatformFamilies, AgentMetrics>();
        return services;
    }

    public static IEndpointRouteBuilder MapIngest(this IEndpointRouteBuilder endpoints)
    {
        TimeProvider time = endpoints.ServiceProvider.GetRequiredService<TimeProvider>();
        endpoints.MapGrpcService<TelemetryIngestor>().Add(endpoint =>
        {
            RequestDelegate serve = endpoint.RequestDelegate!;
            endpoint.RequestDelegate = http =>
            {
                PartialMessageClock.Watch(http, time);
                return serve(http);
            };
        });
        return endpoints;
    }
}
