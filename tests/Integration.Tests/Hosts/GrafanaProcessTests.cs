using System.Diagnostics;
using System.Text.Json;
using Integration.Tests.Prometheus;

namespace Integration.Tests.Hosts;

/// <summary>
/// Grafana as the machine's own program, played by one that answers its health check: what it is told, and the links between it and the live
/// page, which have to know each other's address on whatever ports.
/// </summary>
[Trait("Needs", "Prometheus")]
public sealed class GrafanaProcessTests : IDisposable
{
    private const string StandIn = """
        #!/bin/sh
        cd "$(dirname "$0")/answers" && exec python3 -m http.server "$GF_SERVER_HTTP_PORT" --bind "$GF_SERVER_HTTP_ADDR"

        """;

    private readonly string _directory = Directory.CreateTempSubdirectory("grafana-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public async Task Grafana_AsProcess_AndTheLivePageKnowEachOthersAddress()
    {
        Promtool.SkipUnlessInstalled();
        await WriteStandInAsync();
        string path = $"{_directory}{Path.PathSeparator}{Environment.GetEnvironmentVariable("PATH")}";
        await using AppHostProcess host = AppHostProcess.Start(
            startInfo => startInfo.Environment["PATH"] = path, "SimAgents=1", "Prometheus:Run=process", "Grafana:Run=process");
        Uri aggregator = await host.AddressAsync("Page");
        Uri grafana = await host.AddressAsync("Grafana");

        using var client = new HttpClient { BaseAddress = aggregator };
        string status = await client.GetStringAsync("/api/status", TestContext.Current.CancellationToken);
        Assert.Equal(grafana.GetLeftPart(UriPartial.Authority), JsonDocument.Parse(status).RootElement.GetProperty("links").GetProperty("grafana").GetString());

        IReadOnlyDictionary<string, string> told = RunningProcess.EnvironmentOf(host.ProcessOf("http.server").Id);
        Assert.Equal(("127.0.0.1", "admin"), (told["GF_SERVER_HTTP_ADDR"], told["GF_SECURITY_ADMIN_PASSWORD"]));
        Assert.StartsWith("http://localhost:", told["PROMETHEUS_URL"], StringComparison.Ordinal);
        Assert.True(Directory.Exists(Path.Combine(told["GF_PATHS_PROVISIONING"], "alerting")));

        // This run's dashboards: those of the repository, with this run's page in them.
        string[] boards = [.. Directory.GetFiles(told["DASHBOARDS_PATH"], "*.json").Order(StringComparer.Ordinal)];
        Assert.Equal(["observability.json", "platform.json", "service.json"], boards.Select(Path.GetFileName));
        foreach (string board in boards)
        {
            string expected = ProductFiles.Read("grafana", "dashboards", Path.GetFileName(board))
                .Replace("http://localhost:8080", aggregator.GetLeftPart(UriPartial.Authority), StringComparison.Ordinal);
            Assert.Equal(expected, await File.ReadAllTextAsync(board, TestContext.Current.CancellationToken));
        }
    }

    private async Task WriteStandInAsync()
    {
        Directory.CreateDirectory(Path.Combine(_directory, "answers", "api"));
        await File.WriteAllTextAsync(Path.Combine(_directory, "answers", "api", "health"), "{}", TestContext.Current.CancellationToken);
        string program = Path.Combine(_directory, "grafana");
        await File.WriteAllTextAsync(program, StandIn, TestContext.Current.CancellationToken);
        using Process chmod = Process.Start("chmod", ["700", program]);
        await chmod.WaitForExitAsync(TestContext.Current.CancellationToken);
    }
}
