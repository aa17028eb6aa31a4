using Microsoft.Extensions.Configuration;
using Observability.AppHost.Running;

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

    /// <summary>What <c>Prometheus:Run</c> (auto, container, process or off) means on this machine.</summary>
    public required ToolChoice Prometheus { get; init; }

    /// <summary>The image of Prometheus, with its tag.</summary>
    public required ImageName PrometheusImage { get; init; }

    public int? PrometheusPort { get; private init; }

    /// <summary>Where Prometheus keeps its data in process mode, relative to the AppHost; null means a directory that goes when the graph ends.</summary>
    public string? PrometheusData { get; private init; }

    /// <summary>What <c>Grafana:Run</c> (auto, container, process or off) means on this machine. There is none without Prometheus, whose data it shows.</summary>
    public required ToolChoice Grafana { get; init; }

    /// <summary>The image of Grafana, with its tag.</summary>
    public required ImageName GrafanaImage { get; init; }

    public int? GrafanaPort { get; private init; }

    /// <summary>Where Grafana is installed, for process mode.</summary>
    public required string GrafanaHome { get; init; }

    public static GraphOptions Read(IConfiguration configuration, DistributedApplicationExecutionContext context)
    {
        ImageName prometheusImage = ReadImage(configuration, "Prometheus:Image", "prom/prometheus:v3.4.1");
        ImageName grafanaImage = ReadImage(configuration, "Grafana:Image", "grafana/grafana:12.0.2");
        string runGrafana = ReadTool(configuration, "Grafana:Run", context);
        ToolChoice prometheus = ToolChoice.Make(ReadTool(configuration, "Prometheus:Run", context), $"{prometheusImage}", "prometheus");
        return new GraphOptions
        {
            Aggregators = ReadNumber(configuration, "Aggregators", 1, min: 1, AggregatorsMax),
            SimAgents = ReadNumber(configuration, "SimAgents", 2, min: 1, SimAgentsMax),
            GrpcPort = ReadPort(configuration, context, "Ports:Grpc", 9000),
            HttpPort = ReadPort(configuration, context, "Ports:Http", 8080),
            MetricsPort = ReadPort(configuration, context, "Ports:Metrics", 9100),
            DashboardPort = ReadPort(configuration, context, "Ports:Dashboard", 5173),
            RunDashboard = ReadWord(configuration, "Dashboard:Run", "process", "off") == "process",
            Prometheus = prometheus,
            PrometheusImage = prometheusImage,
            PrometheusPort = ReadPort(configuration, context, "Ports:Prometheus", 9090),
            PrometheusData = configuration["Prometheus:Data"],
            Grafana = prometheus.Kind == RunKind.Off && runGrafana != "off"
                ? new ToolChoice(RunKind.Off, "there is no Prometheus to read from")
                : ToolChoice.Make(runGrafana, $"{grafanaImage}", "grafana"),
            GrafanaImage = grafanaImage,
            GrafanaPort = ReadPort(configuration, context, "Ports:Grafana", context.IsPublishMode ? 3000 : 3001),
            GrafanaHome = configuration["Grafana:Home"] ?? "/usr/share/grafana",
        };
    }

    /// <summary>The ports that the graph listens on while it runs, apart from those that are free ones anyway.</summary>
    public IEnumerable<(string Use, int Port)> FixedPorts()
    {
        IEnumerable<(string Use, int? Port)> all = Enumerable.Range(0, Aggregators).SelectMany(index => new (string, int?)[]
        {
            ($"{AggregatorExtensions.Name(index)} gRPC", GrpcPort + (index * AggregatorExtensions.PortStep)),
            ($"{AggregatorExtensions.Name(index)} HTTP", HttpPort + (index * AggregatorExtensions.PortStep)),
            ($"{AggregatorExtensions.Name(index)} metrics", MetricsPort + (index * AggregatorExtensions.PortStep)),
        });
        (string Use, int? Port)[] others =
        [
            ("dashboard", RunDashboard ? DashboardPort : null),
            ("prometheus", Prometheus.Kind == RunKind.Off ? null : PrometheusPort),
            ("grafana", Grafana.Kind == RunKind.Off ? null : GrafanaPort),
        ];
        return all.Concat(others).Where(one => one.Port is not null).Select(one => (one.Use, one.Port!.Value));
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
