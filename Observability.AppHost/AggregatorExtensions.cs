namespace Observability.AppHost;

internal static class AggregatorExtensions
{
    /// <summary>Fixed ports of a second aggregator lie this far above those of the first.</summary>
    private const int PortStep = 10;

    /// <summary>Adds <c>aggregator</c>, <c>aggregator-2</c> and so on. No proxy stands before its ports: telemetry goes straight in.</summary>
    public static IResourceBuilder<ProjectResource> AddAggregator(
        this IDistributedApplicationBuilder builder, int index, GraphOptions options)
    {
        int? grpc = options.GrpcPort + (index * PortStep);
        int? http = options.HttpPort + (index * PortStep);
        int? metrics = options.MetricsPort + (index * PortStep);
        return builder.AddProject<Projects.Aggregator>(index == 0 ? "aggregator" : $"aggregator-{index + 1}", launchProfileName: null)
            .WithEndpoint(port: grpc, targetPort: grpc, scheme: "http", name: "grpc", env: "GRPC_PORT", isProxied: false)
            .WithEndpoint("grpc", endpoint => endpoint.Transport = "http2")
            .WithHttpEndpoint(port: http, targetPort: http, name: "http", env: "WS_PORT", isProxied: false)
            .WithHttpEndpoint(port: metrics, targetPort: metrics, name: "metrics", env: "METRICS_PORT", isProxied: false)
            .WithExternalHttpEndpoints()
            .WithHttpHealthCheck("/health", endpointName: "http");
    }
}
