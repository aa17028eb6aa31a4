using Hosting.Tests.Model;

namespace Hosting.Tests.Publishing;

/// <summary>
/// A graph of which it is known what Aspire 13.5.2 itself publishes for it. The golden files beside it hold the same, apart from what
/// <see cref="PublishingTests"/> names.
/// </summary>
internal static class ReferenceGraph
{
    public static IDistributedApplicationBuilder Create()
    {
        IDistributedApplicationBuilder builder = GraphBuilder.Create("--operation", "publish", "--step", "publish");
        builder.AddDockerComposeEnvironment("compose").WithDashboard(false);
        var apiKeys = builder.AddParameter("telemetry-api-keys", secret: true);

        var aggregator = builder.AddProject<AggregatorProject>("aggregator", launchProfileName: null)
            .WithEndpoint(port: 9000, targetPort: 9000, scheme: "http", name: "grpc", env: "GRPC_PORT", isProxied: false)
            .WithEndpoint("grpc", endpoint => endpoint.Transport = "http2")
            .WithHttpEndpoint(port: 8080, targetPort: 8080, name: "http", env: "WS_PORT", isProxied: false)
            .WithHttpEndpoint(port: 9100, targetPort: 9100, name: "metrics", env: "METRICS_PORT", isProxied: false)
            .WithExternalHttpEndpoints()
            .WithHttpHealthCheck("/health", endpointName: "http")
            .WithEnvironment("TELEMETRY_API_KEYS", apiKeys);
        builder.AddProject<SimAgentProject>("sim-agent", launchProfileName: null)
            .WithReference(aggregator)
            .WithEnvironment("AGGREGATOR_ADDR", aggregator.GetEndpoint("grpc"))
            .WithEnvironment("API_KEY", apiKeys)
            .WithReplicas(2)
            .WaitFor(aggregator);
        var dashboard = builder.AddViteApp("dashboard", "../dashboard")
            .WithEndpoint("http", endpoint => endpoint.Port = 5173)
            .WithReference(aggregator)
            .WithExternalHttpEndpoints()
            .WaitFor(aggregator);
        aggregator.PublishWithContainerFiles(dashboard, "wwwroot");
        AddTools(builder, aggregator);
        return builder;
    }

    private static void AddTools(IDistributedApplicationBuilder builder, IResourceBuilder<ProjectResource> aggregator)
    {
        var prometheus = builder.AddContainer("prometheus", "prom/prometheus", "v3.4.1")
            .WithBindMount("../prometheus", "/etc/prometheus", isReadOnly: true)
            .WithVolume("prometheus-data", "/prometheus")
            .WithHttpEndpoint(port: 9090, targetPort: 9090)
            .WithExternalHttpEndpoints()
            .WaitFor(aggregator);
        builder.AddContainer("grafana", "grafana/grafana", "12.0.2")
            .WithBindMount("../grafana/provisioning", "/etc/grafana/provisioning", isReadOnly: true)
            .WithBindMount("../grafana/dashboards", "/var/lib/grafana/dashboards", isReadOnly: true)
            .WithVolume("grafana-data", "/var/lib/grafana")
            .WithHttpEndpoint(port: 3001, targetPort: 3000)
            .WithExternalHttpEndpoints()
            .WithEnvironment("PROMETHEUS_URL", prometheus.GetEndpoint("http"))
            .WaitFor(prometheus);
    }

    private sealed class AggregatorProject : IProjectMetadata
    {
        public string ProjectPath => Path.GetFullPath("../Aggregator/Aggregator.csproj");

        public bool SuppressBuild => true;
    }

    private sealed class SimAgentProject : IProjectMetadata
    {
        public string ProjectPath => Path.GetFullPath("../SimAgent/SimAgent.csproj");

        public bool SuppressBuild => true;
    }
}
