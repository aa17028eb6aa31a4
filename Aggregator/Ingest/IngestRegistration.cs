using Observability.Aggregator.Diagnostics;
using Observability.Aggregator.Grpc;

namespace Observability.Aggregator.Ingest;

internal static class IngestRegistration
{
    public static IServiceCollection AddIngest(this IServiceCollection services)
    {
        services.AddSettings<IngestOptions>(IngestOptions.Section);
        services.AddSingleton<IngestShards>();
        services.AddSingleton<IngestCounters>();
        services.AddSingleton<ConnectedAgents>();
        services.AddSingleton<IngestServices>();
        services.AddSingleton<AckPacer>();
        services.AddSingleton<KeyUsages>();
        services.AddSingleton<TelemetryIngestor>();
        services.AddSingleton<IDrain, IngestDrain>();
        services.AddSingleton<Cardinality>();
        services.AddSingleton<IPlatformFamilies, IngestMetrics>();
        services.AddSingleton<IPlatformFamilies, AgentMetrics>();
        return services;
    }

    public static IEndpointRouteBuilder MapIngest(this IEndpointRouteBuilder endpoints)
    {
        TelemetryIngestor ingestor = endpoints.ServiceProvider.GetRequiredService<TelemetryIngestor>();
        endpoints.MapGrpc(TelemetryIngestor.StreamTelemetryPath, ingestor.StreamTelemetryAsync);
        endpoints.MapGrpc(TelemetryIngestor.ExchangePath, ingestor.ExchangeAsync);
        return endpoints;
    }
}
