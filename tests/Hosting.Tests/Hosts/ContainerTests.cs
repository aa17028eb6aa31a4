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
        Assert.Equal(["run", "rm", "run", "rm"], calls.Take(4).Select(call => call.Split(' ')[0]));
        Assert.Matches(
            @"^run --rm --name (embedded-host-\w{32}-tool) --add-host host\.docker\.internal:host-gateway -p \d+:80 " +
            "--mount type=bind,source=/.*/page,target=/page,readonly --mount type=volume,source=tool-data,target=/data " +
            @"-e SECRET -e SERVICE example/tool:1 --from http://host\.docker\.internal:\d+$", calls[0]);
        Assert.Equal($"rm -f {calls[0].Split(' ')[3]}", calls[1]);
        Assert.Equal(calls[1], calls[3]);
    }

    private static ProcessKey ClientOf(HostProcess host) => ProcessTable.Read().TreeOf(ProcessTable.Find(host.Id), "none")
        .Single(process => File.ReadAllText($"/proc/{process.Id}/cmdline") == "sleep\01000\0");
}
