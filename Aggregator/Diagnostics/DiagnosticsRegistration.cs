namespace Observability.Aggregator.Diagnostics;

internal static class DiagnosticsRegistration
{
    public static IServiceCollection AddDiagnostics(this IServiceCollection services)
    {
        services.AddSingleton(TimeProvider.System);
        services.AddSingleton<ServingState>();
        services.AddVariables<LinkOptions>().PostConfigure(links => links.Normalize());
        services.AddSection<ShutdownOptions>(ShutdownOptions.Section);
        services.AddHostedService<Lifecycle>();
        services.AddSingleton<PlatformMetrics>();
        services.AddSingleton<IPlatformFamilies, ProcessFamilies>();
        services.AddOptions<HostOptions>().Configure<ShutdownOptions>(
            (host, shutdown) => host.ShutdownTimeout = TimeSpan.FromMilliseconds(shutdown.StopTimeoutMs));
        return services;
    }

    public static void MapHealth(this IEndpointRouteBuilder endpoints)
    {
        endpoints.MapGet(HealthEndpoints.HealthPath, HealthEndpoints.Health);
        endpoints.MapGet(HealthEndpoints.AlivePath, HealthEndpoints.Alive);
    }

    public static void MapStatus(this IEndpointRouteBuilder endpoints) => endpoints.MapGet("/api/status", StatusEndpoint.StatusAsync);
}
