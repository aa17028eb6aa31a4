using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.RegularExpressions;

namespace Integration.Tests.Hosts;

/// <summary>The AppHost as a program of its own, as a user starts it, on free ports. What it prints is kept.</summary>
internal sealed class AppHostProcess : IAsyncDisposable
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(60);

    private static readonly string[] DefaultArguments =
    [
        "Ports:Grpc=0", "Ports:Http=0", "Ports:Metrics=0", "Ports:Dashboard=0", "Dashboard:Run=off",
        "Ports:Prometheus=0", "Prometheus:Run=off", "Ports:Grafana=0", "Grafana:Run=off",
    ];

    private readonly Process _process;
    private readonly ConcurrentQueue<string> _lines = [];

    private AppHostProcess(Process process)
    {
        _process = process;
    }

    public int Id { get; private set; }

    public int ExitCode => _process.ExitCode;

    public string Output => string.Join('\n', _lines);

    public static AppHostProcess Start(params string[] arguments) => Start(_ => { }, arguments);

    public static AppHostProcess Start(Action<ProcessStartInfo> configure, params string[] arguments)
    {
        string dotnet = Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", "..", "dotnet"));
        string[] all = [typeof(Projects.Observability_AppHost).Assembly.Location, .. DefaultArguments, .. arguments];
        var startInfo = new ProcessStartInfo(dotnet, all) { RedirectStandardOutput = true, RedirectStandardError = true };
        configure(startInfo);
        var host = new AppHostProcess(new Process { StartInfo = startInfo });
        host._process.OutputDataReceived += (_, line) => host._lines.Enqueue(line.Data ?? "");
        host._process.ErrorDataReceived += (_, line) => host._lines.Enqueue(line.Data ?? "");
        host._process.Start();
        host.Id = host._process.Id;
        host._process.BeginOutputReadLine();
        host._process.BeginErrorReadLine();
        return host;
    }

    /// <summary>Waits for a line that matches, and returns the first group of it.</summary>
    public async Task<string> UntilLineAsync(string pattern)
    {
        long start = Stopwatch.GetTimestamp();
        while (true)
        {
            if (_lines.Select(line => Regex.Match(line, pattern)).FirstOrDefault(match => match.Success) is { } found)
            {
                return found.Groups[1].Value;
            }
            Assert.True(Stopwatch.GetElapsedTime(start) < Timeout, $"No line matches {pattern}:\n{Output}");
            await Task.Delay(20, TestContext.Current.CancellationToken);
        }
    }

    /// <summary>Waits until the table has been printed, which is when all that was going to settle has settled.</summary>
    public async Task UntilSettledAsync() => await UntilLineAsync("RESOURCE +STATE +ADDRESS()");

    /// <summary>The HTTP address of the aggregator.</summary>
    public async Task<Uri> AggregatorAsync() => new(await UntilLineAsync(@"aggregator: Running .*\bhttp (http://\S+)"));

    public async Task SignalAsync(string signal)
    {
        using Process kill = Process.Start("kill", ["-s", signal, Id.ToString(CultureInfo.InvariantCulture)]);
        await kill.WaitForExitAsync(TestContext.Current.CancellationToken);
    }

    public async Task UntilExitAsync() =>
        await _process.WaitForExitAsync(TestContext.Current.CancellationToken).WaitAsync(Timeout, TestContext.Current.CancellationToken);

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            await SignalAsync("TERM");
            await UntilExitAsync();
        }
        _process.Dispose();
    }
}
