using Observability.Aggregator.Diagnostics;

namespace Observability.Aggregator.Snapshots;

internal static class SnapshotRegistration
{
    /// <summary>Comes before the store's sealer: what starts first stops last.</summary>
    public static IServiceCollection AddSnapshots(this IServiceCollection services)
    {
        services.AddSection<SnapshotOptions>(SnapshotOptions.Section);
        services.AddHostedService<SnapshotService>();
        return services;
    }
}
