namespace Observability.AppHost;

internal static class GrafanaExtensions
{
    private const string Name = "grafana";
    private const string Image = "grafana/grafana";
    private const string Tag = "12.0.2";
    private const int Port = 3000;
    private const string HealthPath = "/api/health";
    private const string Provisioning = "../grafana/provisioning";
    private const string Dashboards = "../grafana/dashboards";

    /// <summary>Adds Grafana with the product's dashboards over Prometheus. Where it is not run, the table says why.</summary>
    public static void AddGrafana(
        this IDistributedApplicationBuilder builder, IResourceBuilder<IResourceWithEndpoints>? prometheus, GraphOptions options)
    {
        ToolChoice choice = prometheus is null && options.RunGrafana != "off"
            ? new ToolChoice(RunKind.Off, "there is no Prometheus to read from")
            : ToolChoice.Make(options.RunGrafana, $"{Image}:{Tag}", Name);
        if (choice.Kind == RunKind.Off)
        {
            ToolNotRun.Add(builder, Name, choice.Reason);
            return;
        }
        var password = builder.AddParameter("grafana-admin-password", secret: true);
        if (choice.Kind == RunKind.Container)
        {
            builder.AddContainer(Name, Image, Tag)
                .WithBindMount(Provisioning, "/etc/grafana/provisioning", isReadOnly: true)
                .WithBindMount(Dashboards, "/var/lib/grafana/dashboards", isReadOnly: true)
                .WithVolume("grafana-data", "/var/lib/grafana")
                .WithHttpEndpoint(port: options.GrafanaPort, targetPort: Port)
                .WithEnvironment("DASHBOARDS_PATH", "/var/lib/grafana/dashboards")
                .Configure(prometheus!, password)
                .PublishAsService(memory: "512M", processors: "1.0")
                .PublishHealthCheck("wget", "-q", "-O", "/dev/null", $"http://localhost:{Port}{HealthPath}")
                .PublishFiles((Provisioning, "grafana/provisioning"), (Dashboards, "grafana/dashboards"))
                .PublishRequired("GF_SECURITY_ADMIN_PASSWORD", "give Grafana an admin password in .env");
        }
        else
        {
            string data = ToolDirectory.Create(builder, Name).Path;
            string Absolute(string path) => Path.GetFullPath(path, builder.AppHostDirectory);
            builder.AddExecutable(Name, Name, ".", "server", "--homepath", options.GrafanaHome)
                .WithHttpEndpoint(port: options.GrafanaPort, targetPort: options.GrafanaPort, env: "GF_SERVER_HTTP_PORT", isProxied: false)
                .WithEnvironment("GF_SERVER_HTTP_ADDR", "127.0.0.1")
                .WithEnvironment("GF_PATHS_DATA", data)
                .WithEnvironment("GF_PATHS_LOGS", Path.Combine(data, "log"))
                .WithEnvironment("GF_PATHS_PROVISIONING", Absolute(Provisioning))
                .WithEnvironment("DASHBOARDS_PATH", Absolute(Dashboards))
                .Configure(prometheus!, password);
        }
    }

    private static IResourceBuilder<T> Configure<T>(
        this IResourceBuilder<T> grafana, IResourceBuilder<IResourceWithEndpoints> prometheus, IResourceBuilder<ParameterResource> password)
        where T : IResourceWithEnvironment, IResourceWithEndpoints, IResourceWithWaitSupport
    {
        return grafana.WithHttpHealthCheck(HealthPath)
            .WithExternalHttpEndpoints()
            .WithEnvironment("PROMETHEUS_URL", prometheus.GetEndpoint("http"))
            .WithEnvironment("GF_SECURITY_ADMIN_PASSWORD", password)
            .WaitFor(prometheus);
    }
}
