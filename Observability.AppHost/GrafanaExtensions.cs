using System.Globalization;
using Observability.AppHost.Compose;
using Observability.AppHost.Running;

namespace Observability.AppHost;

internal static class GrafanaExtensions
{
    private const string Name = "grafana";
    private const int Port = 3000;
    private const string HealthPath = "/api/health";
    private const string Provisioning = "../grafana/provisioning";
    private const string Dashboards = "../grafana/dashboards";
    private const string AddressVariable = "GRAFANA_URL";

    // Where the dashboards, as they are in the repository, find the live page.
    private const string DefaultLivePage = "http://localhost:8080";

    /// <summary>
    /// Adds Grafana with the product's dashboards over Prometheus, which link to the live page and are linked from it. Where it is not run, the
    /// table says why.
    /// </summary>
    public static void AddGrafana(
        this IDistributedApplicationBuilder builder,
        IResourceBuilder<IResourceWithEndpoints>? prometheus,
        IEnumerable<IResourceBuilder<ProjectResource>> aggregators,
        EndpointReference livePage,
        GraphOptions options)
    {
        if (options.Grafana.Kind == RunKind.Off)
        {
            ToolNotRun.Add(builder, Name, options.Grafana.Reason);
            return;
        }
        var password = builder.AddParameter("grafana-admin-password", secret: true);
        if (options.Grafana.Kind == RunKind.Container)
        {
            var grafana = builder.AddContainer(Name, options.GrafanaImage.Repository, options.GrafanaImage.Tag);
            string dashboards = builder.ExecutionContext.IsRunMode ? grafana.WriteDashboards(livePage) : Dashboards;
            grafana.WithHostAddress()
                .WithBindMount(Provisioning, "/etc/grafana/provisioning", isReadOnly: true)
                .WithBindMount(dashboards, "/var/lib/grafana/dashboards", isReadOnly: true)
                .WithVolume("grafana-data", "/var/lib/grafana")
                .WithHttpEndpoint(port: options.GrafanaPort, targetPort: Port)
                .WithEnvironment("DASHBOARDS_PATH", "/var/lib/grafana/dashboards")
                .Configure(prometheus!, password)
                .PublishAsService(memory: "512M", processors: "1.0")
                .PublishHealthCheck("wget", "-q", "-O", "/dev/null", $"http://localhost:{Port}{HealthPath}")
                .PublishFiles((Provisioning, "grafana/provisioning"), (Dashboards, "grafana/dashboards"))
                .PublishAsDockerComposeService((_, _) => CopyDashboards(
                    builder, ComposeExtensions.OutputPath(builder, "grafana/dashboards"),
                    string.Create(CultureInfo.InvariantCulture, $"http://localhost:{options.HttpPort}")))
                .PublishRequired("GF_SECURITY_ADMIN_PASSWORD", "give Grafana an admin password in .env");
            aggregators.LinkTo(grafana, options);
        }
        else
        {
            string data = ToolDirectory.Create(builder, Name).Path;
            string Absolute(string path) => Path.GetFullPath(path, builder.AppHostDirectory);
            var grafana = builder.AddExecutable(Name, Name, ".", "server", "--homepath", options.GrafanaHome);
            grafana.WithHttpEndpoint(port: options.GrafanaPort, targetPort: options.GrafanaPort, env: "GF_SERVER_HTTP_PORT", isProxied: false)
                .WithEnvironment("GF_SERVER_HTTP_ADDR", "127.0.0.1")
                .WithEnvironment("GF_PATHS_DATA", data)
                .WithEnvironment("GF_PATHS_LOGS", Path.Combine(data, "log"))
                .WithEnvironment("GF_PATHS_PROVISIONING", Absolute(Provisioning))
                .WithEnvironment("DASHBOARDS_PATH", grafana.WriteDashboards(livePage))
                .Configure(prometheus!, password);
            aggregators.LinkTo(grafana, options);
        }
    }

    private static IResourceBuilder<T> Configure<T>(
        this IResourceBuilder<T> grafana, IResourceBuilder<IResourceWithEndpoints> prometheus, IResourceBuilder<ParameterResource> password)
        where T : IResourceWithEnvironment, IResourceWithEndpoints, IResourceWithWaitSupport
    {
        return grafana.WithHttpHealthCheck(HealthPath)
            .WithUrlForEndpoint("http", url => url.Show("Grafana", UrlOrder.Grafana))
            .WithExternalHttpEndpoints()
            .WithEnvironment("PROMETHEUS_URL", prometheus.GetEndpoint("http"))
            .WithEnvironment("GF_SECURITY_ADMIN_PASSWORD", password)
            .WaitFor(prometheus);
    }

    /// <summary>Tells the aggregators, and by them the page, where people reach Grafana. Published, whoever runs it says so in .env.</summary>
    private static void LinkTo<T>(this IEnumerable<IResourceBuilder<ProjectResource>> aggregators, IResourceBuilder<T> grafana, GraphOptions options)
        where T : IResourceWithEndpoints
    {
        if (grafana.ApplicationBuilder.ExecutionContext.IsRunMode)
        {
            aggregators.ToList().ForEach(aggregator => aggregator.WithEnvironment(AddressVariable, grafana.GetEndpoint("http")));
            return;
        }
        var address = grafana.ApplicationBuilder.AddParameter("grafana-url");
        string fallback = string.Create(CultureInfo.InvariantCulture, $"http://localhost:{options.GrafanaPort}");
        aggregators.ToList().ForEach(aggregator => aggregator.WithEnvironment(AddressVariable, address).PublishDefault(AddressVariable, fallback));
    }

    /// <summary>Before each start the dashboards are copied, with this run's live page in place of the default. Returns where they are then.</summary>
    private static string WriteDashboards<T>(this IResourceBuilder<T> grafana, EndpointReference livePage)
        where T : IResource
    {
        IDistributedApplicationBuilder builder = grafana.ApplicationBuilder;
        string directory = ToolDirectory.Create(builder, $"{Name}-dashboards").Path;
        ReferenceExpression address = ReferenceExpression.Create($"{livePage}");
        grafana.OnBeforeResourceStarted(async (_, _, cancellationToken) =>
            CopyDashboards(builder, directory, await address.GetValueAsync(cancellationToken) ?? DefaultLivePage));
        return directory;
    }

    private static void CopyDashboards(IDistributedApplicationBuilder builder, string directory, string livePage) => ConfigurationFiles.Copy(
        Path.GetFullPath(Dashboards, builder.AppHostDirectory), directory, text => text.Replace(DefaultLivePage, livePage, StringComparison.Ordinal));
}
