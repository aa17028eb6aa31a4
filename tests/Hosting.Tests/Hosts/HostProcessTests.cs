using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Aspire.Hosting.Running;

namespace Hosting.Tests.Hosts;

[Collection(RealProcesses.Name)]
public sealed class HostProcessTests
{
    /// <summary>Five seconds are promised to users; each test prints what it took.</summary>
    private static readonly TimeSpan EndTimeout = TimeSpan.FromSeconds(5) * Eventually.Guard;

    [Theory]
    [InlineData("TERM")]
    [InlineData("INT")]
    [InlineData("HUP")]
    public async Task Signal_RunningGraph_EndsAllOfItWithExitCode0(string signal)
    {
        await using HostProcess host = HostProcess.Start("Page=page");
        await host.UntilLineAsync("ADDRESS");
        await host.UntilLineAsync("| started pid", count: 3);
        IReadOnlyList<ProcessKey> started = host.Started();
        Assert.Equal(3, started.Count);

        await host.SignalAsync(signal);
        TimeSpan elapsed = await host.UntilExitAsync();

        Assert.Equal(0, host.ExitCode);
        TestContext.Current.TestOutputHelper?.WriteLine($"The graph ended after {elapsed.TotalSeconds:0.0} s.");
        Assert.True(elapsed < EndTimeout, $"It took {elapsed}.\n{host.Output}");
        Assert.DoesNotContain(started, ProcessTable.IsAlive);
    }

    [Fact]
    public async Task Signal_ProgramsThatDoNotListen_AreKilledWithin5Seconds()
    {
        await using HostProcess host = HostProcess.Start("WorkersIgnoreTerm=1");
        await host.UntilLineAsync("| started pid", count: 3);
        IReadOnlyList<ProcessKey> started = host.Started();

        await host.SignalAsync("TERM");
        TimeSpan elapsed = await host.UntilExitAsync();

        TestContext.Current.TestOutputHelper?.WriteLine($"The graph ended after {elapsed.TotalSeconds:0.0} s.");
        Assert.True(elapsed < EndTimeout, $"It took {elapsed}.\n{host.Output}");
        Assert.DoesNotContain(started, ProcessTable.IsAlive);
    }

    [Fact]
    public async Task Kill_TheHostItself_LeavesNoProgramAfter5Seconds()
    {
        await using HostProcess host = HostProcess.Start("Page=page", "WorkersIgnoreTerm=1");
        await host.UntilLineAsync("ADDRESS");
        IReadOnlyList<ProcessKey> started = ProcessTable.Read().TreeOf(ProcessTable.Find(host.Id), "none");
        // Three services, npm with its shell and node, the guard, and the host.
        Assert.True(started.Count >= 6, $"{started.Count} processes");

        await host.SignalAsync("KILL");
        await host.UntilExitAsync();

        await UntilGoneAsync(started);
    }

    [Fact]
    public async Task Kill_DotnetRunThatStartedTheHost_EndsTheGraph()
    {
        await using HostProcess run = HostProcess.StartByDotnetRun();
        await run.UntilLineAsync("| started pid", count: 3);
        IReadOnlyList<ProcessKey> started = ProcessTable.Read().TreeOf(ProcessTable.Find(run.Id), "none");

        await run.SignalAsync("KILL");

        await UntilGoneAsync(started);
    }

    [Fact]
    public async Task Kill_NodeBelowNpm_StartsThePageAgain()
    {
        await using HostProcess host = HostProcess.Start("Page=page");
        await host.UntilLineAsync("| page on ");
        ProcessKey node = ProcessTable.Read().TreeOf(ProcessTable.Find(host.Id), "none")
            .Single(process => File.ReadAllText($"/proc/{process.Id}/cmdline").StartsWith("node\0server.js", StringComparison.Ordinal));
        using (var process = Process.GetProcessById(node.Id))
        {
            process.Kill();
        }
        await host.UntilLineAsync("| page on ", count: 2);
    }

    [Fact]
    public async Task Kill_GuardThenHost_LeavesNoProgram()
    {
        await using HostProcess host = HostProcess.Start();
        await host.UntilLineAsync("ADDRESS");
        ProcessKey guard = GuardOf(host)!.Value;
        using (var process = Process.GetProcessById(guard.Id))
        {
            process.Kill();
        }
        await Eventually.TrueAsync(() => GuardOf(host) is { } next && next != guard, EndTimeout, () => "The guard did not come back.");
        IReadOnlyList<ProcessKey> started = host.Started();

        await host.SignalAsync("KILL");
        await host.UntilExitAsync();

        await UntilGoneAsync(started);
    }

    [Fact]
    public async Task Kill_AnyProgram_IsStartedAgain()
    {
        await using HostProcess host = HostProcess.Start();
        await host.UntilLineAsync("| started pid", count: 3);
        foreach (ProcessKey program in host.Started())
        {
            using var process = Process.GetProcessById(program.Id);
            process.Kill();
        }
        await host.UntilLineAsync("was ended by signal 9; it starts again in", count: 3);
        await host.UntilLineAsync("| started pid", count: 6);
        await Eventually.TrueAsync(
            () => host.Started().Count(ProcessTable.IsAlive) == 3, TimeSpan.FromSeconds(30), () => host.Output);
    }

    [Fact]
    public async Task Start_PortTakenThatProgramsWaitFor_NamesItsOwnerAndLeavesNothing()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        int port = ((IPEndPoint)listener.LocalEndpoint).Port;
        await using HostProcess host = HostProcess.Start($"Port={port}");

        await host.UntilExitAsync();

        Assert.Equal(1, host.ExitCode);
        string expected = string.Create(CultureInfo.InvariantCulture, $"  service/http: port {port} is taken by pid {Environment.ProcessId} (");
        Assert.Contains(host.Lines, line => line.StartsWith(expected, StringComparison.Ordinal));
        Assert.Empty(host.Started());
        Assert.DoesNotContain("   at ", host.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Start_PortTakenOfAPage_FailsThePageAlone()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        int port = ((IPEndPoint)listener.LocalEndpoint).Port;
        await using HostProcess host = HostProcess.Start("Page=page", $"PagePort={port}");

        await host.UntilLineAsync(string.Create(CultureInfo.InvariantCulture, $"port {port} is taken by pid {Environment.ProcessId} ("));
        await host.UntilLineAsync("| started pid", count: 3);
    }

    [Fact]
    public async Task Start_WithoutNode_SaysWhatToDoAndRunsTheRest()
    {
        string emptyDirectory = Directory.CreateTempSubdirectory("no-node-").FullName;
        try
        {
            await using HostProcess host = HostProcess.Start(startInfo => startInfo.Environment["PATH"] = emptyDirectory, "Page=page");
            await host.UntilLineAsync("'npm' is not on PATH. Install Node.js");
            await host.UntilLineAsync("| started pid", count: 3);
        }
        finally
        {
            Directory.Delete(emptyDirectory);
        }
    }

    [Fact]
    public async Task Start_WrongGraph_IsOneLineAndExitCode1()
    {
        await using HostProcess host = HostProcess.Start("Port=4711", "Page=page", "PagePort=4711");
        await host.UntilExitAsync();
        Assert.Equal(1, host.ExitCode);
        Assert.Equal("Cannot give port 4711 to both service/http and page/http. Change one of them.", Assert.Single(host.Lines, line => line.Length > 0));
    }

    [Fact]
    public async Task Start_Verbose_ShowsCommandsAndVariablesButNoSecrets()
    {
        await using HostProcess host = HostProcess.Start("--verbose", "--Parameters:secret=hush");
        await host.UntilLineAsync("| started pid");
        Assert.Contains("  SECRET=***", host.Output, StringComparison.Ordinal);
        Assert.Matches(@"service +\| runs /", host.Output);
        Assert.DoesNotContain("hush", host.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Crash_AgainAndAgain_IsStartedAgainLaterEachTime()
    {
        await using HostProcess host = HostProcess.Start("ServiceExits=3");
        await host.UntilLineAsync("'service' ended with exit code 3; it starts again in 1 s.");
        await host.UntilLineAsync("cannot go on", count: 2);
    }

    [Fact]
    public async Task StartAndStop_TenTimes_LeavesNothing()
    {
        int filesBefore = LeftoverFiles();
        var started = new List<ProcessKey>();
        for (int round = 0; round < 10; round++)
        {
            await using HostProcess host = HostProcess.Start();
            await host.UntilLineAsync("service: Running http://localhost:");
            started.AddRange(ProcessTable.Read().TreeOf(ProcessTable.Find(host.Id), "none"));
        }
        Assert.True(started.Count >= 30, $"{started.Count} processes");
        Assert.DoesNotContain(started, ProcessTable.IsAlive);
        Assert.Equal(filesBefore, LeftoverFiles());
    }

    private static async Task UntilGoneAsync(IReadOnlyList<ProcessKey> started)
    {
        long start = Stopwatch.GetTimestamp();
        await Eventually.TrueAsync(
            () => !started.Any(ProcessTable.IsAlive), EndTimeout, () => "Alive: " + string.Join(", ", started.Where(ProcessTable.IsAlive)));
        TestContext.Current.TestOutputHelper?.WriteLine($"The last process was gone after {Stopwatch.GetElapsedTime(start).TotalSeconds:0.0} s.");
    }

    private static ProcessKey? GuardOf(HostProcess host)
    {
        foreach (ProcessKey process in ProcessTable.Read().TreeOf(ProcessTable.Find(host.Id), "none"))
        {
            string path = $"/proc/{process.Id}/cmdline";
            if (File.Exists(path) && File.ReadAllText(path).StartsWith("/bin/sh\0-c\0exec >/dev/null", StringComparison.Ordinal))
            {
                return process;
            }
        }
        return null;
    }

    private static int LeftoverFiles() => Directory.EnumerateFiles(Path.GetTempPath(), "embedded-host-*").Count();
}
