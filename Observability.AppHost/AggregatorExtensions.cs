using System.Globalization;
using Observability.AppHost.Compose;
using Observability.AppHost.Running;

namespace Observability.AppHost;

internal static class AggregatorExtensions
{
    /// <summary>Fixed ports of a second aggregator lie this far above those of the first.</summary>
    public const int PortStep = 10;

    /// <summary>Adds <c>aggregator</c>, <c>aggregator-2</c> and so on. No proxy stands before its ports: telemetry goes straight in.</summary>
    public static IResourceBuilder<ProjectResource> AddAggregator(
        this IDistributedApplicationBuilder builder, int index, GraphOptions options)
    {
        int? grpc = options.GrpcPort + (index * PortStep);
        int? http = options.HttpPort + (index * PortStep);
        int? metrics = options.MetricsPort + (index * PortStep);
        var aggregator = builder.AddProject<Projects.Aggregator>(Name(index), launchProfileName: null)
            .WithEndpoint(port: grpc, targetPort: grpc, scheme: "http", name: "grpc", env: "GRPC_PORT", isProxied: false)
            .WithEndpoint("grpc", endpoint => endpoint.Transport = "http2")
            .WithHttpEndpoint(port: http, targetPort: http, name: "http", env: "WS_PORT", isProxied: false)
            .WithExternalHttpEndpoints()
            // Only Prometheus reads the metrics, and it is published in the same network.
            .WithHttpEndpoint(port: metrics, targetPort: metrics, name: "metrics", env: "METRICS_PORT", isProxied: false)
            .WithUrlForEndpoint("http", url => url.Show(options.RunDashboard ? "API" : "Page", options.RunDashboard ? UrlOrder.Api : UrlOrder.Page))
            .WithUrlForEndpoint("http", ShownUrls.WebSocket)
            .WithUrlForEndpoint("grpc", url => url.Show("gRPC", UrlOrder.Grpc))
            .WithUrlForEndpoint("metrics", url => url.Show("Metrics", UrlOrder.Metrics, "/metrics"))
            .WithHttpHealthCheck("/health", endpointName: "http")
            .PublishAsOwnService("observability-aggregator:latest", memory: "2G")
            .PublishHealthCheck("/app/Aggregator", "--health");
        return builder.ExecutionContext.IsPublishMode ? aggregator.WithEnvironment("BIND_ADDRESS", "*") : aggregator;
    }

    /// <summary>Where the published aggregators are scraped.</summary>
    public static IEnumerable<string> PublishedMetricsAddresses(GraphOptions options) => Enumerable.Range(0, options.Aggregators)
        .Select(index => string.Create(CultureInfo.InvariantCulture, $"{Name(index)}:{options.MetricsPort + (index * PortStep)}"));

    public static string Name(int index) => index == 0 ? "aggregator" : string.Create(CultureInfo.InvariantCulture, $"aggregator-{index + 1}");
}
