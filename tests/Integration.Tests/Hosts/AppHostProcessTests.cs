using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Integration.Tests.Prometheus;

namespace Integration.Tests.Hosts;

/// <summary>What the AppHost promises to whoever runs it in a terminal. It starts the whole graph, with the Prometheus of this machine.</summary>
[Collection(WholeMachine.Name)]
[Trait("Needs", "Prometheus")]
public sealed class AppHostProcessTests
{
    private const int AgentProcesses = 2;
    private static readonly TimeSpan EndPromised = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan EndOfKilledPromised = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan FlowPromised = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan StartTimeout = TimeSpan.FromSeconds(60);

    /// <summary>HOST_ROUNDS=10 for the long form.</summary>
    private static readonly int Rounds = int.Parse(Environment.GetEnvironmentVariable("HOST_ROUNDS") ?? "3", CultureInfo.InvariantCulture);

    private static readonly string Prometheus = $"Prometheus:Run={(Promtool.IsInstalled ? "process" : "off")}";

    [Fact]
    public async Task Run_InATerminal_PrintsEveryAddressAndEndsWithoutATraceByCtrlC()
    {
        IReadOnlyList<RunningProcess> processes;
        int appHost;
        var addresses = new List<Uri>();
        await using (AppHostProcess host = AppHostProcess.Start("Dashboard:Run=process", Prometheus))
        {
            await host.UntilLineAsync(@"^ +Everything is running\. Ctrl-C stops it\.$()");
            using var client = new HttpClient();
            foreach (string name in (string[])["Page", "API", "Metrics", "Aspire's dashboard", .. Promtool.IsInstalled ? ["Prometheus"] : Array.Empty<string>()])
            {
                Uri address = await host.AddressAsync(name);
                using HttpResponseMessage answer = await client.GetAsync(address, TestContext.Current.CancellationToken);
                Assert.True(answer.IsSuccessStatusCode || name == "API", $"{name} at {address}: {answer.StatusCode}");
                addresses.Add(address);
            }
            Assert.Equal("ws", (await host.AddressAsync("WebSocket")).Scheme);
            addresses.Add(await host.AddressAsync("gRPC"));
            await host.UntilLineAsync("^ +grafana +off: by configuration()");
            Assert.Matches(@"Ctrl-C stops it\.\n +Page ", host.Output);
            processes = host.Processes();
            appHost = host.AppHost().Id;

            await host.InterruptAsync();

            RunningProcess[] ours = [.. processes.Where(process => !process.Command.Contains("dcp", StringComparison.Ordinal) && process.Id != appHost)];
            Assert.True(ours.Length >= 7, string.Join('\n', ours.Select(process => process.Command)));
            await Eventually.WithinAsync(
                () => Task.FromResult(ours.Where(process => process.IsAlive).ToArray()), alive => alive.Length == 0, EndPromised, "the end of all processes of ours");
            await host.UntilExitAsync();
            Assert.Equal(0, host.ExitCode);
        }
        await Eventually.TrueAsync(() => !processes.Any(process => process.IsAlive));
        Assert.Empty(FreePorts.Listening().Intersect(addresses.Select(address => address.Port)));
        Assert.Empty(AppHostProcess.RunDirectories(appHost));
    }

    [Fact]
    public async Task Kill_AnyOneProcess_IsStartedAgainAndDataFlowsWithin10Seconds()
    {
        await using AppHostProcess host = AppHostProcess.Start(Prometheus);
        using var client = new HttpClient { BaseAddress = await host.AddressAsync("Page") };
        await Eventually.GetAsync(() => SendersSinceAsync(client, 0), count => count == AgentProcesses, StartTimeout, "batches of both agents");
        RunningProcess[] programs = Programs(host);
        Assert.Equal(Promtool.IsInstalled ? 4 : 3, programs.Length);

        foreach (RunningProcess program in programs)
        {
            program.Kill();
            long killedAtNs = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds() * 1_000_000;
            await Eventually.WithinAsync(() => SendersSinceAsync(client, killedAtNs), count => count == AgentProcesses, FlowPromised,
                $"batches of both agents after the end of {program.Command}\n{host.Output}");
            await Eventually.WithinAsync(
                () => Task.FromResult(Programs(host).Length), count => count == programs.Length, FlowPromised, $"a new process for {program.Command}");
        }
    }

    [Fact]
    public async Task Kill_TheHostItself_LeavesNoOrphanAfter5Seconds()
    {
        int killed;
        await using (AppHostProcess host = AppHostProcess.Start(Prometheus))
        {
            Uri aggregator = await host.AddressAsync("Page");
            IReadOnlyList<RunningProcess> processes = host.Processes();
            RunningProcess appHost = host.AppHost();
            killed = appHost.Id;

            appHost.Kill();

            await Eventually.WithinAsync(() => Task.FromResult(processes.Where(process => process.IsAlive).ToArray()), alive => alive.Length == 0, EndOfKilledPromised,
                "the end of all processes");
            Assert.DoesNotContain(FreePorts.Listening(), port => port == aggregator.Port);
        }
        // It could not remove its temporary files; the next run does.
        await using AppHostProcess next = AppHostProcess.Start(Prometheus);
        await next.AddressAsync("Page");
        Assert.Empty(AppHostProcess.RunDirectories(killed));
    }

    [Fact]
    public async Task StartAndStop_SeveralTimes_LeavesNoProcessPortOrFile()
    {
        var ports = new HashSet<int>();
        for (int round = 0; round < Rounds; round++)
        {
            await using AppHostProcess host = AppHostProcess.Start("SimAgents=1", Prometheus);
            ports.Add((await host.AddressAsync("Page")).Port);
            IReadOnlyList<RunningProcess> processes = host.Processes();
            RunningProcess appHost = host.AppHost();
            using (var kill = System.Diagnostics.Process.Start("kill", ["-s", "TERM", appHost.Id.ToString(CultureInfo.InvariantCulture)]))
            {
                await kill.WaitForExitAsync(TestContext.Current.CancellationToken);
            }
            await host.UntilExitAsync();
            await Eventually.TrueAsync(() => !processes.Any(process => process.IsAlive));
            Assert.Empty(AppHostProcess.RunDirectories(appHost.Id));
        }
        Assert.Empty(FreePorts.Listening().Intersect(ports));
    }

    [Fact]
    public async Task Start_PortsTaken_NamesThemAllWithTheirOwnersAndLeavesNothing()
    {
        using var first = new TcpListener(IPAddress.Loopback, 0);
        using var second = new TcpListener(IPAddress.IPv6Any, 0);
        first.Start();
        second.Start();
        int[] ports = [((IPEndPoint)first.LocalEndpoint).Port, ((IPEndPoint)second.LocalEndpoint).Port];
        await using AppHostProcess host = AppHostProcess.Start($"Ports:Grpc={ports[0]}", $"Ports:Dashboard={ports[1]}", "Dashboard:Run=process");

        await host.UntilExitAsync();

        Assert.Equal(1, host.ExitCode);
        string owner = string.Create(CultureInfo.InvariantCulture, $"is taken by pid {Environment.ProcessId} (");
        Assert.Contains($"  aggregator gRPC: port {ports[0]} {owner}", host.Output, StringComparison.Ordinal);
        Assert.Contains($"  dashboard: port {ports[1]} {owner}", host.Output, StringComparison.Ordinal);
        Assert.Contains("Nothing was started.", host.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", host.Output, StringComparison.Ordinal);
        Assert.Empty(host.Processes());
    }

    [Fact]
    public async Task Start_WrongOption_IsOneLineThatSaysWhatIsAllowed()
    {
        await using AppHostProcess host = AppHostProcess.Start("Aggregators=99");
        await host.UntilExitAsync();
        Assert.Equal(1, host.ExitCode);
        Assert.Equal("Cannot use Aggregators=99: it must be a number from 1 to 8.", host.Output.Trim());
    }

    [Fact]
    public async Task Start_WithoutNodeAndPrometheus_SaysWhyAndRunsTheRest()
    {
        await using AppHostProcess host = AppHostProcess.Start(
            startInfo => startInfo.Environment["PATH"] = AppHostProcess.DotnetDirectory, "Dashboard:Run=process", "Prometheus:Run=auto", "Grafana:Run=auto");
        await host.UntilLineAsync(@"^ +Not everything is running\. Ctrl-C stops the rest\.$()");
        await host.UntilLineAsync(@"'node' was not found.*https://nodejs\.org()");
        await host.UntilLineAsync("^ +dashboard +FailedToStart: its log in Aspire's dashboard says why()");
        await host.UntilLineAsync("^ +prometheus +off: no container engine that can get prom/prometheus:\\S+, and no prometheus on PATH; start Docker, or install prometheus()");
        await host.UntilLineAsync("^ +grafana +off: there is no Prometheus to read from()");
        using var client = new HttpClient { BaseAddress = await host.AddressAsync("API") };
        await Eventually.GetAsync(() => SendersSinceAsync(client, 0), count => count == AgentProcesses, StartTimeout, "batches of both agents");
    }

    /// <summary>What the graph consists of, without the <c>dotnet run</c> and the watchers around each.</summary>
    private static RunningProcess[] Programs(AppHostProcess host) => [.. host.Processes().Where(process =>
        process.Command.Contains("/Aggregator ", StringComparison.Ordinal) || process.Command.Contains("/SimAgent ", StringComparison.Ordinal)
        || process.Command.StartsWith("prometheus ", StringComparison.Ordinal))];

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
}
