using Microsoft.Extensions.Configuration;

namespace Observability.AppHost;

/// <summary>
/// What can be configured of the graph: <c>dotnet run --project Observability.AppHost Aggregators=2 Ports:Grpc=0</c>, environment
/// variables (<c>Ports__Grpc</c>) or appsettings.json. Port 0 means a free one.
/// </summary>
internal sealed class GraphOptions
{
    private const int AggregatorsMax = 8;
    private const int SimAgentsMax = 64;
    private const int PortMax = 65_535;

    private GraphOptions()
    {
    }

    public int Aggregators { get; private init; }

    public int SimAgents { get; private init; }

    public int? GrpcPort { get; private init; }

    public int? HttpPort { get; private init; }

    public int? MetricsPort { get; private init; }

    public int? DashboardPort { get; private init; }

    /// <summary><c>Dashboard:Run=off</c> leaves the page's development server out, and with it the need for Node.</summary>
    public bool RunDashboard { get; private init; }

    /// <summary><c>Prometheus:Run</c>: auto, container, process or off.</summary>
    public required string RunPrometheus { get; init; }

    /// <summary>The image of Prometheus, with its tag.</summary>
    public required ImageName PrometheusImage { get; init; }

    public int? PrometheusPort { get; private init; }

    /// <summary>Where Prometheus keeps its data in process mode, relative to the AppHost; null means a directory that goes when the graph ends.</summary>
    public string? PrometheusData { get; private init; }

    /// <summary><c>Grafana:Run</c>: auto, container, process or off.</summary>
    public required string RunGrafana { get; init; }

    /// <summary>The image of Grafana, with its tag.</summary>
    public required ImageName GrafanaImage { get; init; }

    public int? GrafanaPort { get; private init; }

    /// <summary>Where Grafana is installed, for process mode.</summary>
    public required string GrafanaHome { get; init; }

    public static GraphOptions Read(IConfiguration configuration, DistributedApplicationExecutionContext context)
    {
        return new GraphOptions
        {
            Aggregators = ReadNumber(configuration, "Aggregators", 1, min: 1, AggregatorsMax),
            SimAgents = ReadNumber(configuration, "SimAgents", 2, min: 1, SimAgentsMax),
            GrpcPort = ReadPort(configuration, context, "Ports:Grpc", 9000),
            HttpPort = ReadPort(configuration, context, "Ports:Http", 8080),
            MetricsPort = ReadPort(configuration, context, "Ports:Metrics", 9100),
            DashboardPort = ReadPort(configuration, context, "Ports:Dashboard", 5173),
            RunDashboard = ReadWord(configuration, "Dashboard:Run", "process", "off") == "process",
            RunPrometheus = ReadTool(configuration, "Prometheus:Run", context),
            PrometheusImage = ReadImage(configuration, "Prometheus:Image", "prom/prometheus:v3.4.1"),
            PrometheusPort = ReadPort(configuration, context, "Ports:Prometheus", 9090),
            PrometheusData = configuration["Prometheus:Data"],
            RunGrafana = ReadTool(configuration, "Grafana:Run", context),
            GrafanaImage = ReadImage(configuration, "Grafana:Image", "grafana/grafana:12.0.2"),
            GrafanaPort = ReadPort(configuration, context, "Ports:Grafana", context.IsPublishMode ? 3000 : 3001),
            GrafanaHome = configuration["Grafana:Home"] ?? "/usr/share/grafana",
        };
    }

    private static int? ReadPort(IConfiguration configuration, DistributedApplicationExecutionContext context, string key, int defaultPort)
    {
        int port = ReadNumber(configuration, key, defaultPort, min: 0, PortMax);
        // What is published has fixed ports, for others have to find them.
        return port != 0 ? port : context.IsPublishMode ? defaultPort : null;
    }

    /// <summary>Whoever runs what is published has containers.</summary>
    private static string ReadTool(IConfiguration configuration, string key, DistributedApplicationExecutionContext context)
    {
        return context.IsPublishMode ? "container" : ReadWord(configuration, key, ToolChoice.Settings);
    }

    private static string ReadWord(IConfiguration configuration, string key, params string[] allowed)
    {
        string word = configuration[key] ?? allowed[0];
        return allowed.Contains(word)
            ? word
            : throw new DistributedApplicationException($"Cannot use {key}={word}: it must be one of {string.Join(", ", allowed)}.");
    }

    private static ImageName ReadImage(IConfiguration configuration, string key, string defaultImage)
    {
        string image = configuration[key] ?? defaultImage;
        return ImageName.Parse(image)
            ?? throw new DistributedApplicationException($"Cannot use {key}={image}: it must be an image with its tag, such as {defaultImage}.");
    }

    private static int ReadNumber(IConfiguration configuration, string key, int defaultValue, int min, int max)
    {
        string? text = configuration[key];
        if (text is null)
        {
            return defaultValue;
        }
        return int.TryParse(text, out int value) && value >= min && value <= max
            ? value
            : throw new DistributedApplicationException($"Cannot use {key}={text}: it must be a number from {min} to {max}.");
    }
}
