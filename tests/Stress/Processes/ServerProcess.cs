using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;

namespace Observability.Stress.Processes;

/// <summary>A server under trial, as a process of its own: what it costs is read from outside, what it counts from its /metrics.</summary>
internal sealed partial class ServerProcess : IAsyncDisposable
{
    private static readonly TimeSpan StartTimeMax = TimeSpan.FromSeconds(60);

    private readonly Process _process;
    private readonly HttpClient _http = new();
    private readonly Task<string> _output;

    private ServerProcess(Process process, Match ready)
    {
        _process = process;
        _output = process.StandardOutput.ReadToEndAsync();
        Grpc = new Uri(ready.Groups["grpc"].Value);
        Metrics = new Uri(ready.Groups["metrics"].Value);
        Web = ready.Groups["web"].Success ? new Uri(ready.Groups["web"].Value) : Metrics;
    }

    public Uri Grpc { get; }

    public Uri Web { get; }

    public Uri Metrics { get; }

    public int Id => _process.Id;

    public HttpClient Http => _http;

    /// <summary>Processor time of the whole process, user and system.</summary>
    public TimeSpan Cpu
    {
        get
        {
            _process.Refresh();
            return _process.TotalProcessorTime;
        }
    }

    public long ResidentBytes
    {
        get
        {
            _process.Refresh();
            return _process.WorkingSet64;
        }
    }

    /// <summary>The real aggregator. Port 0: a free one.</summary>
    public static Task<ServerProcess> StartAggregatorAsync(int grpcPort, params (string Name, string Value)[] environment) =>
        StartAsync(["Aggregator.dll"], [("GRPC_PORT", grpcPort.ToString(CultureInfo.InvariantCulture)), .. environment]);

    public static async Task<ServerProcess> StartAsync(string[] program, params (string Name, string Value)[] environment)
    {
        var start = new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, program[0]), .. program[1..]]) { RedirectStandardOutput = true };
        foreach ((string name, string value) in (ReadOnlySpan<(string, string)>)[("GRPC_PORT", "0"), ("WS_PORT", "0"), ("METRICS_PORT", "0"), ("BIND_ADDRESS", "127.0.0.1"), .. environment])
        {
            start.Environment[name] = value;
        }
        Process process = Process.Start(start)!;
        using var tooLong = new CancellationTokenSource(StartTimeMax);
        while (await process.StandardOutput.ReadLineAsync(tooLong.Token) is { } line)
        {
            if (Ready().Match(line) is { Success: true } ready)
            {
                return new ServerProcess(process, ready);
            }
        }
        throw new InvalidOperationException($"Cannot start {program[0]}: it ended without being ready.");
    }

    /// <summary>The sum of a family's values, of all its labels or of those whose text contains <paramref name="label"/>.</summary>
    public async Task<double> ReadAsync(string family, string label = "") => Sum(await _http.GetStringAsync(Metrics), family, label);

    public static double Sum(string exposition, string family, string label = "") => exposition.Split('\n')
        .Where(line => line.StartsWith(family, StringComparison.Ordinal) && line.Length > family.Length && line[family.Length] is ' ' or '{'
            && line.Contains(label, StringComparison.Ordinal))
        .Sum(line => double.Parse(line[(line.LastIndexOf(' ') + 1)..], CultureInfo.InvariantCulture));

    public async Task KillAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
    }

    /// <summary>Asks it to end, as an operator does. What it said since it was ready, and its exit code.</summary>
    public async Task<(string Output, int ExitCode)> StopAsync()
    {
        Signals.Send(Id, Signals.Terminate);
        await _process.WaitForExitAsync();
        return (await _output, _process.ExitCode);
    }

    public async ValueTask DisposeAsync()
    {
        await KillAsync();
        _process.Dispose();
        _http.Dispose();
    }

    [GeneratedRegex(@"ready: grpc (?<grpc>\S+)( web (?<web>\S+))? metrics (?<metrics>\S+)")]
    private static partial Regex Ready();
}
