using System.Diagnostics;
using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;

namespace Integration.Tests.Published;

/// <summary>
/// A container engine for a test: the one that answers already, else one of its own where Debian's is installed and may be started.
/// Disposing ends it and removes all it kept.
/// </summary>
internal sealed class ContainerEngine : IAsyncDisposable
{
    public const string MissingReason =
        "No container engine answers, and none can be started: install docker.io and docker-compose, and run as root.";

    private static readonly TimeSpan StartTimeout = TimeSpan.FromSeconds(20);

    private readonly Process? _process;
    private readonly string? _directory;

    private ContainerEngine(Process? process, string? directory, Dictionary<string, string> environment)
    {
        _process = process;
        _directory = directory;
        Environment = environment;
    }

    /// <summary>The variables by which docker and docker-compose find it.</summary>
    public Dictionary<string, string> Environment { get; }

    /// <summary>None if there is no engine to be had.</summary>
    public static async Task<ContainerEngine?> FindAsync()
    {
        if (!Command.IsOnPath("docker") || !Command.IsOnPath("docker-compose"))
        {
            return null;
        }
        return await AnswersAsync([]) ? new ContainerEngine(null, null, []) : await FindOwnAsync();
    }

    /// <summary>One that nobody else uses, so that whatever is in it is the test's. None where Debian's may not be started.</summary>
    public static async Task<ContainerEngine?> FindOwnAsync()
    {
        return Command.IsOnPath("docker") && OperatingSystem.IsLinux() && Command.IsOnPath("dockerd") && System.Environment.IsPrivilegedProcess ? await StartAsync() : null;
    }

    public async Task<string> RunAsync(string program, IEnumerable<string> arguments, string? directory = null) =>
        await Command.RunAsync(program, arguments, Environment, directory);

    public async ValueTask DisposeAsync()
    {
        if (_process is null)
        {
            return;
        }
        using (Process kill = Process.Start("kill", ["-s", "TERM", _process.Id.ToString(System.Globalization.CultureInfo.InvariantCulture)]))
        {
            await kill.WaitForExitAsync();
        }
        await _process.WaitForExitAsync();
        _process.Dispose();
        Directory.Delete(_directory!, recursive: true);
    }

    private static async Task<bool> AnswersAsync(Dictionary<string, string> environment) =>
        (await Command.TryRunAsync("docker", ["info", "--format", "{{.ServerVersion}}"], environment)).ExitCode == 0;

    private static string OwnAddress() => NetworkInterface.GetAllNetworkInterfaces()
        .Where(one => one is { OperationalStatus: OperationalStatus.Up, NetworkInterfaceType: not NetworkInterfaceType.Loopback })
        .SelectMany(one => one.GetIPProperties().UnicastAddresses).Select(one => one.Address)
        .FirstOrDefault(address => address.AddressFamily == AddressFamily.InterNetwork, IPAddress.Loopback).ToString();

    private static async Task<ContainerEngine?> StartAsync()
    {
        string directory = Directory.CreateTempSubdirectory("engine-").FullName;
        string socket = "unix://" + Path.Combine(directory, "docker.sock");
        string log = Path.Combine(directory, "log");
        string[] arguments =
        [
            "--data-root", Path.Combine(directory, "data"), "--exec-root", Path.Combine(directory, "exec"),
            "--pidfile", Path.Combine(directory, "pid"), "--bridge", "none", "-H", socket,
            // Without a bridge of its own it does not know how containers reach this machine.
            "--host-gateway-ip", OwnAddress(),
        ];
        // The shell is replaced by the engine, and only takes its output away.
        Process process = Process.Start(new ProcessStartInfo("/bin/sh", ["-c", "exec dockerd \"$@\" >\"$0\" 2>&1", log, .. arguments]))!;
        var engine = new ContainerEngine(process, directory, new Dictionary<string, string> { ["DOCKER_HOST"] = socket });
        long start = Stopwatch.GetTimestamp();
        while (!process.HasExited && Stopwatch.GetElapsedTime(start) < StartTimeout)
        {
            if (File.Exists(Path.Combine(directory, "docker.sock")) && await AnswersAsync(engine.Environment))
            {
                return engine;
            }
            await Task.Delay(200, TestContext.Current.CancellationToken);
        }
        TestContext.Current.TestOutputHelper?.WriteLine(await File.ReadAllTextAsync(log));
        if (!process.HasExited)
        {
            await engine.DisposeAsync();
        }
        return null;
    }
}
