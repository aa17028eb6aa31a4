using Observability.Aggregator.Diagnostics;
using Observability.Aggregator.Streaming.Connections;

namespace Observability.Aggregator.Streaming;

internal static class StreamingRegistration
{
    public static IServiceCollection AddStreaming(this IServiceCollection services)
    {
        services.AddSection<StreamingOptions>(StreamingOptions.Section);
        services.AddSingleton<StreamingCounters>();
        services.AddSingleton<FrameLoop>();
        services.AddSingleton<LiveHub>();
        services.AddSingleton<IPlatformFamilies, StreamingMetrics>();
        services.AddSingleton<IDrain>(provider => provider.GetRequiredService<LiveHub>());
        services.AddHostedService(provider => provider.GetRequiredService<FrameLoop>());
        return services;
    }

    public static void MapStreaming(this IEndpointRouteBuilder endpoints) =>
        endpoints.MapGet(LiveEndpoint.Path, LiveEndpoint.ServeAsync).ExcludeFromDescription();
}
