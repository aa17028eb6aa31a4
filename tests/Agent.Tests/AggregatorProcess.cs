using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;

namespace Observability.Agent.Tests;

/// <summary>The real aggregator as a process of its own, which a test can kill.</summary>
internal sealed partial class AggregatorProcess : IAsyncDisposable
{
    private readonly Process _process;
    private readonly HttpClient _http = new();

    private AggregatorProcess(Process process, Match ready)
    {
        _process = process;
        Grpc = new Uri(ready.Groups["grpc"].Value);
        Web = new Uri(ready.Groups["web"].Value);
        Metrics = new Uri(ready.Groups["metrics"].Value);
    }

    public Uri Grpc { get; }

    public Uri Web { get; }

    public Uri Metrics { get; }

    public static async Task<AggregatorProcess> StartAsync(int grpcPort = 0, params (string Name, string Value)[] environment)
    {
        var start = new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, "Aggregator.dll")]) { RedirectStandardOutput = true };
        start.Environment["GRPC_PORT"] = grpcPort.ToString(CultureInfo.InvariantCulture);
        start.Environment["WS_PORT"] = "0";
        start.Environment["METRICS_PORT"] = "0";
        start.Environment["BIND_ADDRESS"] = "127.0.0.1";
        foreach ((string name, string value) in environment)
        {
            start.Environment[name] = value;
        }
        Process process = Process.Start(start)!;
        using var tooLong = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        tooLong.CancelAfter(TimeSpan.FromSeconds(60));
        while (await process.StandardOutput.ReadLineAsync(tooLong.Token) is { } line)
        {
            if (Ready().Match(line) is { Success: true } ready)
            {
                _ = process.StandardOutput.BaseStream.CopyToAsync(Stream.Null, TestContext.Current.CancellationToken);
                return new AggregatorProcess(process, ready);
            }
        }
        throw new InvalidOperationException("Cannot start the aggregator: it ended without being ready.");
    }

    /// <summary>What it has received of an instance, without what was replayed.</summary>
    public async Task<long> ReceivedAsync(string instance)
    {
        string text = await _http.GetStringAsync(Metrics, TestContext.Current.CancellationToken);
        Match line = Regex.Match(text, $"^telemetry_samples_total{{[^}}]*instance=\"{Regex.Escape(instance)}\"}} (?<value>[0-9]+)", RegexOptions.Multiline);
        return line.Success ? long.Parse(line.Groups["value"].Value, CultureInfo.InvariantCulture) : 0;
    }

    public async Task KillAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync(CancellationToken.None);
    }

    public async ValueTask DisposeAsync()
    {
        await KillAsync();
        _process.Dispose();
        _http.Dispose();
    }

    [GeneratedRegex(@"^Aggregator ready: grpc (?<grpc>\S+) web (?<web>\S+) metrics (?<metrics>\S+)")]
    private static partial Regex Ready();
}
