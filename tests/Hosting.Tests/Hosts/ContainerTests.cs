using System.Diagnostics;
using Aspire.Hosting.Running;

namespace Hosting.Tests.Hosts;

/// <summary>Containers, with a program in place of the engine's client that notes what it is asked and then stays.</summary>
[Collection(RealProcesses.Name)]
public sealed class ContainerTests : IDisposable
{
    private const string Client = """
        #!/bin/sh
        echo "$*" >> "$0.calls"
        [ "$1" = run ] || exit 0
        echo "secret $SECRET, service $SERVICE, client $$"
        exec sleep 1000

        """;

    private readonly string _directory = Directory.CreateTempSubdirectory("engine-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public async Task Start_Container_RunsTheEnginesClientAndRemovesWhatItLeaves()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "The client in this test is a shell script.");
        string client = Path.Combine(_directory, "docker");
        await File.WriteAllTextAsync(client, Client, TestContext.Current.CancellationToken);
        using (Process chmod = Process.Start("chmod", ["700", client]))
        {
            await chmod.WaitForExitAsync(TestContext.Current.CancellationToken);
        }
        string path = $"{_directory}{Path.PathSeparator}{Environment.GetEnvironmentVariable("PATH")}";
        await using (HostProcess host = HostProcess.Start(
            startInfo => startInfo.Environment["PATH"] = path, "Container=example/tool", "--Parameters:secret=hush"))
        {
            await host.UntilLineAsync("| secret hush, service http://host.docker.internal:");
            using (var process = Process.GetProcessById(ClientOf(host).Id))
            {
                process.Kill();
            }
            await host.UntilLineAsync("| secret hush", count: 2);
        }

        string[] calls = await File.ReadAllLinesAsync(client + ".calls", TestContext.Current.CancellationToken);
        Assert.Equal(["network", "run", "rm", "network", "network", "run", "rm", "network"], calls.Take(8).Select(call => call.Split(' ')[0]));
        string network = calls[0].Split(' ')[^1];
        Assert.Equal(
            (string[])[$"network create {network}", $"network rm {network}", $"network create {network}", $"network rm {network}"],
            calls.Take(8).Where(call => call.StartsWith("network", StringComparison.Ordinal)));
        Assert.Matches(
            @"^run --rm --name (embedded-host-\w{32}-tool) --network embedded-host-\w{32} --network-alias tool " +
            @"--add-host host\.docker\.internal:host-gateway -p 127\.0\.0\.1:\d+:80 " +
            "--mount type=bind,source=/.*/page,target=/page,readonly --mount type=volume,source=tool-data,target=/data " +
            @"-e SECRET -e SERVICE example/tool:1 --from http://host\.docker\.internal:\d+$", calls[1]);
        Assert.Equal($"rm -f {calls[1].Split(' ')[3]}", calls[2]);
        Assert.Equal(calls[2], calls[6]);
        Assert.StartsWith(network, calls[1].Split(' ')[3], StringComparison.Ordinal);
    }

    private static ProcessKey ClientOf(HostProcess host) => ProcessTable.Read().TreeOf(ProcessTable.Find(host.Id), "none")
        .Single(process => File.ReadAllText($"/proc/{process.Id}/cmdline") == "sleep\01000\0");
}
