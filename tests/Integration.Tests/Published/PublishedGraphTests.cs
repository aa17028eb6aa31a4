using System.Text.RegularExpressions;
using YamlDotNet.RepresentationModel;

namespace Integration.Tests.Published;

/// <summary>What the product's own graph publishes: the same bytes each time, and a compose file that runs as it is.</summary>
public sealed partial class PublishedGraphTests
{
    [Fact]
    public async Task Manifest_OfTheGraph_IsTheGoldenFile()
    {
        using PublishedGraph graph = await PublishedGraph.ManifestAsync();
        Matches("aspire-manifest.json", graph.Read("aspire-manifest.json"));
        Assert.StartsWith("FROM node:", graph.Read("dashboard.Dockerfile"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Compose_OfTheGraph_IsTheGoldenFile()
    {
        using PublishedGraph graph = await PublishedGraph.ComposeAsync();
        Matches("docker-compose.yaml", graph.Read("docker-compose.yaml"));
        Matches("example.env", graph.Read(".env"));
    }

    [Fact]
    public async Task Compose_PublishedAgain_KeepsWhatWasFilledIn()
    {
        using PublishedGraph graph = await PublishedGraph.ComposeAsync();
        graph.Decide("AGGREGATOR_IMAGE", "here/aggregator:7=x");
        string filledIn = graph.Read(".env");

        await graph.ComposeAgainAsync();

        Assert.Contains("AGGREGATOR_IMAGE=here/aggregator:7=x\n", filledIn, StringComparison.Ordinal);
        Assert.Equal(filledIn, graph.Read(".env"));
    }

    [Fact]
    public async Task Compose_Loaded_HasALineForEachVariableAndAHealthCheckForEachCondition()
    {
        using PublishedGraph graph = await PublishedGraph.ComposeAsync("Aggregators=2");
        string[] variables = [.. Variable().Matches(graph.Read("docker-compose.yaml")).Select(match => match.Groups[1].Value).Distinct().Order()];
        string[] lines = [.. graph.Read(".env").Split('\n').Where(line => line.EndsWith('=')).Select(line => line[..^1])];
        Assert.Equal(variables, lines);

        Dictionary<string, YamlMappingNode> services = Services(graph);
        Assert.Equal(["aggregator", "aggregator-2", "grafana", "prometheus", "sim-agent"], services.Keys.Order());
        (string Dependency, string Condition)[] conditions = [.. services.Values.Where(service => service.Children.ContainsKey("depends_on"))
            .SelectMany(service => ((YamlMappingNode)service["depends_on"]).Children)
            .Select(dependency => (dependency.Key.ToString(), dependency.Value["condition"].ToString()))];
        Assert.Equal(5, conditions.Length);
        Assert.All(conditions, condition =>
        {
            Assert.Equal("service_healthy", condition.Condition);
            Assert.True(services[condition.Dependency].Children.ContainsKey("healthcheck"), $"{condition.Dependency} has no health check");
        });
    }

    [Fact]
    public async Task Compose_Loaded_RestartsLimitsAndOpensOnlyWhatAUserNeeds()
    {
        using PublishedGraph graph = await PublishedGraph.ComposeAsync();
        Dictionary<string, YamlMappingNode> services = Services(graph);
        Assert.All(services.Values, service =>
        {
            Assert.Equal("unless-stopped", service["restart"].ToString());
            Assert.Matches("^[0-9]+[MG]$", service["deploy"]["resources"]["limits"]["memory"].ToString());
        });
        string[] ports = [.. services.Values.Where(service => service.Children.ContainsKey("ports"))
            .SelectMany(service => ((YamlSequenceNode)service["ports"]).Children.Select(port => port.ToString())).Order()];
        Assert.Equal(["3000:3000", "8080:8080", "9000:9000", "9090:9090"], ports);
        Assert.Equal("2", services["sim-agent"]["deploy"]["replicas"].ToString());
        Assert.Equal("*", services["aggregator"]["environment"]["BIND_ADDRESS"].ToString());
    }

    [Fact]
    public async Task Compose_Loaded_FindsTheFilesThatItMountsBesideIt()
    {
        using PublishedGraph graph = await PublishedGraph.ComposeAsync("Aggregators=2");
        string[] defaults = [.. MountDefault().Matches(graph.Read("docker-compose.yaml")).Select(match => match.Groups[1].Value)];
        Assert.Equal(["./prometheus", "./grafana/provisioning", "./grafana/dashboards"], defaults);
        Assert.All(defaults, path => Assert.True(Directory.Exists(Path.Combine(graph.Directory, path)), path));
        Assert.True(File.Exists(Path.Combine(graph.Directory, "prometheus", "prometheus.yml")));
        Assert.Equal("[{\"targets\":[\"aggregator:9100\",\"aggregator-2:9110\"]}]\n", graph.Read("prometheus/targets/aggregators.json"));
    }

    [Fact]
    public async Task Compose_OnOtherPorts_LinksGrafanaAndTheLivePageByThem()
    {
        using PublishedGraph graph = await PublishedGraph.ComposeAsync("Aggregators=2", "Ports:Http=8001", "Ports:Grafana=3333");
        Dictionary<string, YamlMappingNode> services = Services(graph);
        Assert.All(new[] { "aggregator", "aggregator-2" }, name =>
            Assert.Equal("${GRAFANA_URL:-http://localhost:3333}", services[name]["environment"]["GRAFANA_URL"].ToString()));
        string[] boards = Directory.GetFiles(Path.Combine(graph.Directory, "grafana", "dashboards"), "*.json");
        Assert.Equal(3, boards.Length);
        Assert.All(boards, board =>
        {
            string text = File.ReadAllText(board);
            Assert.Contains("\"http://localhost:8001\"", text, StringComparison.Ordinal);
            Assert.DoesNotContain("http://localhost:8080", text, StringComparison.Ordinal);
        });
    }

    [Fact]
    public async Task Compose_ReadByDockerCompose_IsAccepted()
    {
        Assert.SkipUnless(Command.IsOnPath("docker-compose"), "docker-compose is not installed: apt-get install docker-compose.");
        using PublishedGraph graph = await PublishedGraph.ComposeAsync();
        (int exitCode, string output) = await Command.TryRunAsync("docker-compose", ["config", "-q"], directory: graph.Directory);
        Assert.NotEqual(0, exitCode);
        Assert.Contains("give Grafana an admin password in .env", output, StringComparison.Ordinal);

        graph.Decide("GRAFANA_ADMIN_PASSWORD", "secret");

        await Command.RunAsync("docker-compose", ["config", "-q"], directory: graph.Directory);
    }

    private static Dictionary<string, YamlMappingNode> Services(PublishedGraph graph)
    {
        var yaml = new YamlStream();
        yaml.Load(new StringReader(graph.Read("docker-compose.yaml")));
        return ((YamlMappingNode)yaml.Documents[0].RootNode["services"]).Children
            .ToDictionary(service => service.Key.ToString(), service => (YamlMappingNode)service.Value);
    }

    /// <summary>GOLDEN_WRITE=1 writes the file anew, for a person to look at the change.</summary>
    private static void Matches(string name, string actual)
    {
        string path = Path.Combine(PublishedGraph.Root, "tests", "Integration.Tests", "Published", "golden", name);
        if (Environment.GetEnvironmentVariable("GOLDEN_WRITE") == "1")
        {
            File.WriteAllText(path, actual);
        }
        Assert.Equal(File.ReadAllText(path), actual);
    }

    [GeneratedRegex(@"(?<!\$)\$\{(\w+)")]
    private static partial Regex Variable();

    [GeneratedRegex(@"_BINDMOUNT_\d+:-([^}]+)\}")]
    private static partial Regex MountDefault();
}
