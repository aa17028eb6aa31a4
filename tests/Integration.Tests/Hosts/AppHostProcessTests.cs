using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using System.Text.Json;

namespace Integration.Tests.Hosts;

/// <summary>What the embedded host promises of the product's graph to whoever runs it. On Aspire's packages Aspire answers for it.</summary>
[Collection(WholeMachine.Name)]
public sealed class AppHostProcessTests
{
    private const int AgentProcesses = 2;
    private static readonly TimeSpan EndPromised = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan FlowPromised = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan StartTimeout = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task Kill_AnyOneProcess_IsStartedAgainAndDataFlowsWithin10Seconds()
    {
        await using AppHostProcess host = AppHostProcess.Start($"Prometheus:Run={(HasPrometheus ? "process" : "off")}");
        using var client = new HttpClient { BaseAddress = await host.AggregatorAsync() };
        await host.UntilSettledAsync();
        await Eventually.GetAsync(() => SendersSinceAsync(client, 0), count => count == AgentProcesses, StartTimeout, "batches of both agents");
        IReadOnlyList<ProcessFamily> programs = ProcessFamily.ProgramsOf(host.Id);
        Assert.Equal(HasPrometheus ? 4 : 3, programs.Count);

        foreach (ProcessFamily program in programs)
        {
            using (Process process = Process.GetProcessById(program.Id))
            {
                process.Kill();
            }
            long killedAtNs = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds() * 1_000_000;
            await Eventually.WithinAsync(() => SendersSinceAsync(client, killedAtNs), count => count == AgentProcesses, FlowPromised,
                $"batches of both agents after the end of {program.Command}\n{host.Output}");
            await Eventually.WithinAsync(() => Task.FromResult(ProcessFamily.ProgramsOf(host.Id).Count), count => count == programs.Count, FlowPromised,
                $"a new process for {program.Command}");
        }
    }

    [Fact]
    public async Task Kill_TheHostItself_LeavesNoOrphanAfter5Seconds()
    {
        await using AppHostProcess host = AppHostProcess.Start($"Prometheus:Run={(HasPrometheus ? "process" : "off")}");
        Uri aggregator = await host.AggregatorAsync();
        await host.UntilSettledAsync();
        IReadOnlyList<ProcessFamily> family = ProcessFamily.DescendantsOf(host.Id);
        Assert.True(family.Count >= 4, $"{family.Count} processes");

        await host.SignalAsync("KILL");
        await host.UntilExitAsync();

        await Eventually.WithinAsync(() => Task.FromResult(family.Count(process => process.IsAlive)), count => count == 0, EndPromised, "the end of all processes");
        Assert.DoesNotContain(Listening(), port => port == aggregator.Port);
        // It could not remove its temporary files; the next run does.
        await using AppHostProcess next = AppHostProcess.Start($"Prometheus:Run={(HasPrometheus ? "process" : "off")}");
        await next.UntilLineAsync("aggregator: Starting()");
        Assert.Empty(RunDirectories(host.Id));
    }

    [Fact]
    public async Task StartAndStop_TenTimes_LeavesNoProcessPortOrFile()
    {
        var ports = new HashSet<int>();
        for (int round = 0; round < 10; round++)
        {
            // Prometheus, which writes files, takes its time to start: in the first and the last round only.
            bool prometheus = HasPrometheus && round is (0 or 9);
            AppHostProcess host = AppHostProcess.Start("SimAgents=1", $"Prometheus:Run={(prometheus ? "process" : "off")}");
            IReadOnlyList<ProcessFamily> family;
            await using (host)
            {
                ports.Add((await host.AggregatorAsync()).Port);
                await host.UntilLineAsync(prometheus ? "prometheus: Running (http)" : "sim-agent: Running()");
                family = ProcessFamily.DescendantsOf(host.Id);
                await host.SignalAsync("TERM");
                await host.UntilExitAsync();
                Assert.Equal(0, host.ExitCode);
            }
            Assert.True(family.Count >= 3, $"{family.Count} processes");
            Assert.DoesNotContain(family, process => process.IsAlive);
            Assert.Empty(RunDirectories(host.Id));
        }
        Assert.Empty(Listening().Intersect(ports));
    }

    [Fact]
    public async Task Start_PortsOfTheAggregatorTaken_NamesThemAllAndLeavesNothing()
    {
        using var first = new TcpListener(IPAddress.Loopback, 0);
        using var second = new TcpListener(IPAddress.Loopback, 0);
        first.Start();
        second.Start();
        int[] ports = [((IPEndPoint)first.LocalEndpoint).Port, ((IPEndPoint)second.LocalEndpoint).Port];
        await using AppHostProcess host = AppHostProcess.Start($"Ports:Grpc={ports[0]}", $"Ports:Metrics={ports[1]}");

        await host.UntilExitAsync();

        Assert.NotEqual(0, host.ExitCode);
        string owner = string.Create(CultureInfo.InvariantCulture, $"is taken by pid {Environment.ProcessId} (");
        Assert.Contains($"aggregator/grpc: port {ports[0]} {owner}", host.Output, StringComparison.Ordinal);
        Assert.Contains($"aggregator/metrics: port {ports[1]} {owner}", host.Output, StringComparison.Ordinal);
        Assert.Contains("Nothing was started.", host.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("sim-agent", host.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Start_WithoutNode_SaysWhatToDoInOneLineAndRunsTheRest()
    {
        string emptyDirectory = Directory.CreateTempSubdirectory("no-node-").FullName;
        try
        {
            await using AppHostProcess host = AppHostProcess.Start(startInfo => startInfo.Environment["PATH"] = emptyDirectory, "Dashboard:Run=process");
            await host.UntilLineAsync(@"dashboard-installer +\| Cannot start 'dashboard-installer', because 'npm' is not on PATH\. Install Node\.js()");
            using var client = new HttpClient { BaseAddress = await host.AggregatorAsync() };
            await Eventually.GetAsync(() => SendersSinceAsync(client, 0), count => count == AgentProcesses, StartTimeout, "batches of both agents");
            await host.UntilSettledAsync();
            Assert.DoesNotContain("   at ", host.Output, StringComparison.Ordinal);
        }
        finally
        {
            Directory.Delete(emptyDirectory);
        }
    }

    [Fact]
    public async Task Start_WithTheDashboard_ShowsItOnceItAnswers()
    {
        await using AppHostProcess host = AppHostProcess.Start("Dashboard:Run=process");
        string address = await host.UntilLineAsync("dashboard: Running (http://\\S+)");
        using var client = new HttpClient();
        using HttpResponseMessage page = await client.GetAsync(new Uri(address), TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.OK, page.StatusCode);
        await host.UntilSettledAsync();
        await host.UntilLineAsync($"  dashboard +Running +({address})");
    }

    [Fact]
    public async Task Start_WithoutPrometheus_ShowsTheReasonInTheTable()
    {
        await using AppHostProcess host = AppHostProcess.Start(
            startInfo => startInfo.Environment["PATH"] = AppContext.BaseDirectory, "Prometheus:Run=auto", "Grafana:Run=auto");
        await host.UntilSettledAsync();
        await host.UntilLineAsync("  prometheus +Off +no container engine that can get prom/prometheus:\\S+, and no prometheus on PATH; start Docker, or install prometheus()");
        await host.UntilLineAsync("  grafana +Off +there is no Prometheus to read from()");
    }

    private static bool HasPrometheus => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)
        .Any(directory => File.Exists(Path.Combine(directory, "prometheus")));

    /// <summary>How many agents' processes sent something after a moment.</summary>
    private static async Task<int> SendersSinceAsync(HttpClient client, long sinceNs)
    {
        await using Stream body = await client.GetStreamAsync("/api/status", TestContext.Current.CancellationToken);
        using JsonDocument status = await JsonDocument.ParseAsync(body, cancellationToken: TestContext.Current.CancellationToken);
        // An instance is named by its process and a number.
        return status.RootElement.GetProperty("agents").EnumerateArray()
            .Where(agent => long.Parse(agent.GetProperty("newest_batch_ns").GetString()!, CultureInfo.InvariantCulture) > sinceNs)
            .Select(agent => agent.GetProperty("instance").GetString()!.Split('-')[0]).Distinct().Count();
    }

    private static IEnumerable<int> Listening() =>
        IPGlobalProperties.GetIPGlobalProperties().GetActiveTcpListeners().Select(listener => listener.Port);

    private static IEnumerable<string> RunDirectories(int hostId) =>
        Directory.EnumerateDirectories(Path.GetTempPath(), string.Create(CultureInfo.InvariantCulture, $"observability-run-{hostId}-*"));
}
