using System.Globalization;
using System.Net;
using System.Net.NetworkInformation;
using Integration.Tests.Prometheus;
using Integration.Tests.Published;

namespace Integration.Tests.Hosts;

/// <summary>
/// The graph with Prometheus as a container of a real engine: an image made from scratch out of this machine's own program, nothing pulled. The engine
/// is the test's own, so that what is left in it is what the host left.
/// </summary>
[Collection(WholeMachine.Name)]
[Trait("Needs", "Containers")]
public sealed class ContainerGraphTests
{
    private const string Image = "observability-test/prometheus:own";

    /// <summary>CONTAINER_ROUNDS=10 for the long form.</summary>
    private static readonly int Rounds = int.Parse(Environment.GetEnvironmentVariable("CONTAINER_ROUNDS") ?? "2", CultureInfo.InvariantCulture);
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan EndPromised = TimeSpan.FromSeconds(5);

    [Fact]
    public async Task Prometheus_AsContainer_ScrapesIsReachedFromThisMachineAloneAndLeavesNothing()
    {
        Promtool.SkipUnlessInstalled();
        await using ContainerEngine? engine = await ContainerEngine.FindOwnAsync();
        Assert.SkipWhen(engine is null, ContainerEngine.MissingReason);
        await BuildImageAsync(engine);
        string[] networks = await LinesAsync(engine, "network", "ls", "--format", "{{.Name}}");

        await using (AppHostProcess host = Start(engine))
        {
            Uri address = await host.AddressAsync("Prometheus");
            using var client = new HttpClient { BaseAddress = address };
            var prometheus = new PrometheusApi(client);
            await Eventually.GetAsync(
                () => prometheus.QueryAsync("up{job=\"aggregator\"} == 1"), up => up.Count == 1, Timeout, "the aggregator as a target of the container that is up");
            Assert.NotEmpty(await Eventually.GetAsync(
                () => prometheus.QueryAsync("service:requests:rate1m"), rates => rates.Count > 0, Timeout, "what a rule of the mounted files records"));

            IPEndPoint[] listening = [.. IPGlobalProperties.GetIPGlobalProperties().GetActiveTcpListeners().Where(one => one.Port == address.Port)];
            Assert.NotEmpty(listening);
            Assert.All(listening, one => Assert.True(IPAddress.IsLoopback(one.Address), $"{one} is reached from other machines"));
            string container = Assert.Single(await LinesAsync(engine, "ps", "-aq"));
            string[] mounts = await LinesAsync(engine, "inspect", "--format", "{{range .Mounts}}{{.Type}} {{.Destination}} {{.RW}}{{println}}{{end}}", container);
            Assert.Equal(["bind /etc/prometheus false", "volume /prometheus true"], mounts.Order(StringComparer.Ordinal));
            Assert.Contains("prometheus-data", await LinesAsync(engine, "volume", "ls", "-q"));

            // The container dies by itself: it is started again, as any other resource.
            await engine.RunAsync("docker", ["kill", container]);
            await Eventually.GetAsync(async () => await LinesAsync(engine, "ps", "-q"), ids => ids.Length == 1 && ids[0] != container, Timeout, "another container");
            host.AppHost().Kill();
            await host.UntilExitAsync();
        }
        await Eventually.WithinAsync(() => LinesAsync(engine, "ps", "-aq"), left => left.Length == 0, EndPromised, "the end of the killed host's container");
        await Eventually.WithinAsync(
            () => LinesAsync(engine, "network", "ls", "--format", "{{.Name}}"), left => left.Length == networks.Length, EndPromised, "the end of its network");

        for (int round = 0; round < Rounds; round++)
        {
            int appHost;
            await using (AppHostProcess host = Start(engine))
            {
                await Eventually.GetAsync(() => LinesAsync(engine, "ps", "-q"), running => running.Length == 1, Timeout, $"a container in round {round}");
                appHost = host.AppHost().Id;
                await host.InterruptAsync();
                await host.UntilExitAsync();
                Assert.Equal(0, host.ExitCode);
            }
            Assert.Empty(await LinesAsync(engine, "ps", "-aq"));
            Assert.Equal(networks, await LinesAsync(engine, "network", "ls", "--format", "{{.Name}}"));
            Assert.Empty(AppHostProcess.RunDirectories(appHost));
        }
    }

    private static AppHostProcess Start(ContainerEngine engine) => AppHostProcess.Start(
        startInfo => startInfo.Environment["DOCKER_HOST"] = engine.Environment["DOCKER_HOST"], "SimAgents=1", "Prometheus:Run=container", $"Prometheus:Image={Image}");

    private static async Task BuildImageAsync(ContainerEngine engine)
    {
        string directory = Directory.CreateTempSubdirectory("prometheus-image-").FullName;
        try
        {
            string root = Path.Combine(directory, "root");
            await Command.RunAsync("/bin/sh", [Path.Combine(PublishedGraph.Root, "tests/Integration.Tests/Published/prometheus-image.sh"), root]);
            await engine.RunAsync("docker", ["build", "-q", "-f", root + ".Dockerfile", "-t", Image, root]);
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    private static async Task<string[]> LinesAsync(ContainerEngine engine, params string[] arguments) =>
        [.. (await engine.RunAsync("docker", arguments)).Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Order(StringComparer.Ordinal)];
}
