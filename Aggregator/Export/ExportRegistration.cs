using Observability.Aggregator.Diagnostics;

namespace Observability.Aggregator.Export;

internal static class ExportRegistration
{
    public static IServiceCollection AddPrometheusExport(this IServiceCollection services)
    {
        services.AddSection<ExportOptions>(ExportOptions.Section);
        services.AddSingleton<ScrapeSlots>();
        services.AddSingleton<Exporter>();
        services.AddHostedService(provider => provider.GetRequiredService<Exporter>());
        return services;
    }

    public static void MapPrometheusExport(this IEndpointRouteBuilder endpoints) => endpoints.MapGet(MetricsEndpoint.Path, MetricsEndpoint.ServeAsync);
}
