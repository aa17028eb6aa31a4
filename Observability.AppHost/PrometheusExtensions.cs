using Observability.AppHost.Compose;
using Observability.AppHost.Running;

namespace Observability.AppHost;

internal static class PrometheusExtensions
{
    private const string Name = "prometheus";
    private const int Port = 9090;
    private const string ReadyPath = "/-/ready";
    private const string ConfigurationDirectory = "../prometheus";

    /// <summary>Adds Prometheus, which scrapes the aggregators. None when it is not run; the table then says why.</summary>
    public static IResourceBuilder<IResourceWithEndpoints>? AddPrometheus(
        this IDistributedApplicationBuilder builder, IReadOnlyList<IResourceBuilder<ProjectResource>> aggregators, GraphOptions options)
    {
        switch (options.Prometheus.Kind)
        {
            case RunKind.Container:
                return builder.AddPrometheusContainer(aggregators, options);
            case RunKind.Process:
                return builder.AddPrometheusProcess(aggregators, options);
            default:
                ToolNotRun.Add(builder, Name, options.Prometheus.Reason);
                return null;
        }
    }

    private static IResourceBuilder<ContainerResource> AddPrometheusContainer(
        this IDistributedApplicationBuilder builder, IReadOnlyList<IResourceBuilder<ProjectResource>> aggregators, GraphOptions options)
    {
        var prometheus = builder.AddContainer(Name, options.PrometheusImage.Repository, options.PrometheusImage.Tag);
        string configuration = ConfigurationDirectory;
        if (builder.ExecutionContext.IsRunMode)
        {
            configuration = Path.Combine(ToolDirectory.Create(builder, Name).Path, "configuration");
            prometheus.WriteConfigurationTo(configuration, aggregators, addresses => addresses.Replace("localhost", "host.docker.internal"));
            aggregators.ToList().ForEach(aggregator => aggregator.WithEnvironment("BIND_ADDRESS", "*"));
        }
        prometheus.WithHostAddress()
            .WithBindMount(configuration, "/etc/prometheus", isReadOnly: true)
            .WithVolume("prometheus-data", "/prometheus")
            .WithHttpEndpoint(port: options.PrometheusPort, targetPort: Port)
            .WithUrlForEndpoint("http", url => url.Show("Prometheus", UrlOrder.Prometheus))
            .WithHttpHealthCheck(ReadyPath)
            .WithExternalHttpEndpoints();
        return prometheus.WaitForAll(aggregators)
            .PublishAsService(memory: "1G", processors: "1.0")
            .PublishHealthCheck("wget", "-q", "-O", "/dev/null", $"http://localhost:{Port}{ReadyPath}")
            .PublishFiles((ConfigurationDirectory, Name))
            .PublishAsDockerComposeService((_, _) => ConfigurationFiles.WriteTargets(
                ComposeExtensions.OutputPath(builder, Name), AggregatorExtensions.PublishedMetricsAddresses(options)));
    }

    /// <summary>
    /// This machine's own program. It reads a copy of the configuration beside which the addresses of this run's aggregators are written,
    /// as file-based service discovery.
    /// </summary>
    private static IResourceBuilder<ExecutableResource> AddPrometheusProcess(
        this IDistributedApplicationBuilder builder, IReadOnlyList<IResourceBuilder<ProjectResource>> aggregators, GraphOptions options)
    {
        string directory = ToolDirectory.Create(builder, Name).Path;
        string configuration = Path.Combine(directory, "configuration");
        string data = options.PrometheusData is { } kept ? Path.GetFullPath(kept, builder.AppHostDirectory) : Path.Combine(directory, "data");
        var prometheus = builder.AddExecutable(Name, Name, ".",
                $"--config.file={Path.Combine(configuration, "prometheus.yml")}", $"--storage.tsdb.path={data}", "--log.level=warn")
            .WithHttpEndpoint(port: options.PrometheusPort, targetPort: options.PrometheusPort, isProxied: false)
            .WithUrlForEndpoint("http", url => url.Show("Prometheus", UrlOrder.Prometheus))
            .WithHttpHealthCheck(ReadyPath);
        EndpointReferenceExpression port = prometheus.GetEndpoint("http").Property(EndpointProperty.TargetPort);
        prometheus.WithArgs(ReferenceExpression.Create($"--web.listen-address=127.0.0.1:{port}"));
        prometheus.WriteConfigurationTo(configuration, aggregators, addresses => addresses);
        return prometheus.WaitForAll(aggregators);
    }

    /// <summary>Before each start the configuration is copied anew, and beside it the addresses that this run gave to the aggregators.</summary>
    private static void WriteConfigurationTo<T>(
        this IResourceBuilder<T> prometheus,
        string directory,
        IEnumerable<IResourceBuilder<ProjectResource>> aggregators,
        Func<string, string> asSeenByPrometheus)
        where T : IResource
    {
        string source = Path.GetFullPath(ConfigurationDirectory, prometheus.ApplicationBuilder.AppHostDirectory);
        ReferenceExpression targets = Addresses.Join(aggregators, "metrics", EndpointProperty.HostAndPort);
        prometheus.OnBeforeResourceStarted(async (_, _, cancellationToken) =>
        {
            string addresses = asSeenByPrometheus(await targets.GetValueAsync(cancellationToken) ?? "");
            ConfigurationFiles.Copy(source, directory);
            ConfigurationFiles.WriteTargets(directory, addresses.Split(','));
        });
    }
}
