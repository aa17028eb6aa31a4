using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using Aspire.Hosting.Running;

namespace Hosting.Tests.Hosts;

/// <summary>The sample host as a program of its own, as a user starts it.</summary>
internal sealed partial class HostProcess : IAsyncDisposable
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(60);

    private readonly Process _process;
    private readonly ConcurrentQueue<string> _lines = [];

    private HostProcess(Process process)
    {
        _process = process;
    }

    public IEnumerable<string> Lines => _lines;

    public string Output => string.Join('\n', _lines);

    public int Id => _process.Id;

    public int ExitCode => _process.ExitCode;

    public static HostProcess Start(Action<ProcessStartInfo>? configure, params string[] args)
    {
        string program = ProgramPath();
        var startInfo = new ProcessStartInfo(program, args) { RedirectStandardOutput = true, RedirectStandardError = true };
        startInfo.Environment["DOTNET_ROOT"] = Path.GetFullPath(
            Path.Combine(System.Runtime.InteropServices.RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", ".."));
        configure?.Invoke(startInfo);
        return Start(startInfo);
    }

    public static HostProcess Start(params string[] args) => Start(null, args);

    /// <summary>As <c>dotnet run</c> does it, without building.</summary>
    public static HostProcess StartByDotnetRun()
    {
        // …/Hosting.Sample.Host/bin/Debug/net10.0/Hosting.Sample.Host: the configuration is the tests' own.
        string configuration = new DirectoryInfo(AppContext.BaseDirectory).Parent!.Name;
        return Start(new ProcessStartInfo("dotnet", ["run", "--no-build", "-c", configuration, "--project", Projects.Hosting_Sample_Host.ProjectPath])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        });
    }

    private static string ProgramPath()
    {
        return Path.ChangeExtension(typeof(Projects.Hosting_Sample_Host).Assembly.Location, OperatingSystem.IsWindows() ? ".exe" : null);
    }

    private static HostProcess Start(ProcessStartInfo startInfo)
    {
        var host = new HostProcess(new Process { StartInfo = startInfo });
        host._process.OutputDataReceived += (_, line) => host._lines.Enqueue(line.Data ?? "");
        host._process.ErrorDataReceived += (_, line) => host._lines.Enqueue(line.Data ?? "");
        host._process.Start();
        host._process.BeginOutputReadLine();
        host._process.BeginErrorReadLine();
        return host;
    }

    public Task UntilLineAsync(string text, int count = 1)
    {
        return Eventually.TrueAsync(
            () => _lines.Count(line => line.Contains(text, StringComparison.Ordinal)) >= count, Timeout, () => $"'{text}' is not in:\n{Output}");
    }

    /// <summary>The programs that said they were started, those of the resource if one is named.</summary>
    public IReadOnlyList<ProcessKey> Started(string resourceName = "")
    {
        return [.. _lines.Where(line => line.StartsWith(resourceName, StringComparison.Ordinal))
            .Select(line => StartedLine().Match(line)).Where(match => match.Success)
            .Select(match => ProcessTable.Find(int.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture)))
            .OfType<ProcessKey>()];
    }

    public async Task SignalAsync(string signal)
    {
        using var kill = Process.Start("kill", ["-s", signal, _process.Id.ToString(CultureInfo.InvariantCulture)]);
        await kill.WaitForExitAsync(TestContext.Current.CancellationToken);
    }

    public async Task<TimeSpan> UntilExitAsync()
    {
        long start = Stopwatch.GetTimestamp();
        await _process.WaitForExitAsync(TestContext.Current.CancellationToken).WaitAsync(Timeout, TestContext.Current.CancellationToken);
        return Stopwatch.GetElapsedTime(start);
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            await SignalAsync("TERM");
            await UntilExitAsync();
        }
        _process.Dispose();
    }

    [GeneratedRegex(@"\| started pid (\d+)")]
    private static partial Regex StartedLine();
}
