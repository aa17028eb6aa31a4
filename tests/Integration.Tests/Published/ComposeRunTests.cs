using System.Net;
using System.Runtime.InteropServices;
using System.Text.Json;

namespace Integration.Tests.Published;

/// <summary>
/// The published compose file in a real engine: our images on a base made from scratch out of this machine's dotnet and libraries,
/// nothing pulled.
/// </summary>
[Collection(WholeMachine.Name)]
[Trait("Needs", "Containers")]
public sealed class ComposeRunTests
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task Compose_StartedInAnEngine_ServesLiveDataOfTheAgents()
    {
        await using ContainerEngine? engine = await ContainerEngine.FindAsync();
        Assert.SkipWhen(engine is null, ContainerEngine.MissingReason);
        int[] ports = FreePorts.Take(3);
        using PublishedGraph graph = await PublishedGraph.ComposeAsync($"Ports:Grpc={ports[0]}", $"Ports:Http={ports[1]}", $"Ports:Metrics={ports[2]}");
        string project = $"observability{Guid.NewGuid():N}"[..24];
        graph.Decide("AGGREGATOR_IMAGE", await BuildImagesAsync(engine, graph.Directory, project));
        graph.Decide("SIM_AGENT_IMAGE", $"{project}-sim-agent");
        graph.Decide("GRAFANA_ADMIN_PASSWORD", "not-needed-here");
        // Two keys: the agents must send one of them.
        graph.Decide("TELEMETRY_API_KEYS", "first-key,second-key");
        try
        {
            await engine.RunAsync("docker-compose", ["-p", project, "up", "-d", "aggregator", "sim-agent"], graph.Directory);
            using var client = new HttpClient { BaseAddress = new Uri($"http://localhost:{ports[1]}") };
            (int hosts, long received) first = await Eventually.GetAsync(
                () => StatusAsync(client), status => status.Hosts == 2 && status.Received > 0, Timeout, "samples of both agents' containers");
            await Eventually.GetAsync(() => StatusAsync(client), status => status.Received > first.received, Timeout, "further samples");
            using HttpResponseMessage page = await client.GetAsync("/", TestContext.Current.CancellationToken);
            Assert.Equal(HttpStatusCode.OK, page.StatusCode);
            Assert.Contains("<div id=\"root\">", await page.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);

            string described = await engine.RunAsync("docker", ["inspect", "--format",
                "{{.State.Health.Status}} {{.HostConfig.ReadonlyRootfs}} {{.Config.User}} {{.HostConfig.Memory}}", $"{project}_aggregator_1"]);
            Assert.Equal($"healthy true 10001:10001 {2L << 30}", described.Trim());
        }
        finally
        {
            await engine.RunAsync("docker-compose", ["-p", project, "down", "-v", "--rmi", "all"], graph.Directory);
        }
    }

    /// <summary>Builds the base, and on it both images out of what the tests were built with. Returns the aggregator's.</summary>
    private static async Task<string> BuildImagesAsync(ContainerEngine engine, string directory, string project)
    {
        string dotnet = Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", "..")).TrimEnd(Path.DirectorySeparatorChar);
        string baseDirectory = Path.Combine(directory, "base");
        await Command.RunAsync("/bin/sh", [Path.Combine(PublishedGraph.Root, "tests/Integration.Tests/Published/base-image.sh"), dotnet, baseDirectory]);
        await engine.RunAsync("docker", ["build", "-q", "-f", baseDirectory + ".Dockerfile", "-t", $"{project}-base", baseDirectory]);
        string aggregator = Copy(Path.Combine(PublishedGraph.Root, "Aggregator", BuildOutput()), Path.Combine(directory, "images", "aggregator"));
        Copy(Path.Combine(PublishedGraph.Root, "dashboard", "dist"), Path.Combine(aggregator, "wwwroot"));
        string simAgent = Copy(Path.Combine(PublishedGraph.Root, "SimAgent", BuildOutput()), Path.Combine(directory, "images", "sim-agent"));
        await BuildAsync("Aggregator", aggregator, $"{project}-aggregator");
        await BuildAsync("SimAgent", simAgent, $"{project}-sim-agent");
        return $"{project}-aggregator";

        Task<string> BuildAsync(string folder, string context, string tag) => engine.RunAsync("docker",
            ["build", "-q", "--build-arg", $"BASE={project}-base", "-f", Path.Combine(PublishedGraph.Root, folder, "Dockerfile"), "-t", tag, context]);
    }

    /// <summary>…/tests/Integration.Tests/bin/Debug/net10.0: the programs are built the same way.</summary>
    private static string BuildOutput()
    {
        var framework = new DirectoryInfo(AppContext.BaseDirectory.TrimEnd(Path.DirectorySeparatorChar));
        return Path.Combine("bin", framework.Parent!.Name, framework.Name);
    }

    private static string Copy(string source, string target)
    {
        foreach (string file in Directory.EnumerateFiles(source, "*", SearchOption.AllDirectories))
        {
            string copy = Path.Combine(target, Path.GetRelativePath(source, file));
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            File.Copy(file, copy);
        }
        return target;
    }

    private static async Task<(int Hosts, long Received)> StatusAsync(HttpClient client)
    {
        await using Stream body = await client.GetStreamAsync("/api/status", TestContext.Current.CancellationToken);
        using JsonDocument status = await JsonDocument.ParseAsync(body, cancellationToken: TestContext.Current.CancellationToken);
        // An instance is named by its container and a number.
        int hosts = status.RootElement.GetProperty("agents").EnumerateArray()
            .Select(agent => agent.GetProperty("instance").GetString()!.Split('-')[0]).Distinct().Count();
        return (hosts, status.RootElement.GetProperty("ingest").GetProperty("received").GetInt64());
    }
}
