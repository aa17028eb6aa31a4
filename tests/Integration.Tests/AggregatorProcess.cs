using System.Diagnostics;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Integration.Tests;

/// <summary>An aggregator as a program of its own on free ports, for tests that need no graph. Nothing feeds it but the test.</summary>
internal sealed partial class AggregatorProcess : IAsyncDisposable
{
    private static readonly TimeSpan StartTimeout = TimeSpan.FromSeconds(60);

    private static readonly string ProjectDirectory = Path.GetDirectoryName(new Projects.Aggregator().ProjectPath)!;

    private readonly Process _process;
    private readonly HttpClient _http;

    private AggregatorProcess(Process process, Uri grpc, Uri web, Uri metrics)
    {
        _process = process;
        Grpc = grpc;
        Web = web;
        Metrics = metrics;
        _http = new HttpClient { BaseAddress = web };
    }

    public Uri Grpc { get; }

    /// <summary>The page's own address.</summary>
    public Uri Web { get; }

    /// <summary>Where Prometheus would scrape.</summary>
    public Uri Metrics { get; }

    public HttpClient Http => _http;

    /// <summary>Serves the built page, as a published one does.</summary>
    public static Task<AggregatorProcess> StartWithPageAsync(params string[] settings)
    {
        string page = Path.GetFullPath(Path.Combine(ProjectDirectory, "..", "dashboard", "dist"));
        Assert.True(File.Exists(Path.Combine(page, "index.html")), $"The page is not built: run 'npm ci && npm run build' in dashboard/ ({page}).");
        return StartAsync([$"DASHBOARD_PATH={page}", .. settings]);
    }

    public static async Task<AggregatorProcess> StartAsync(params string[] settings)
    {
        var framework = new DirectoryInfo(AppContext.BaseDirectory.TrimEnd(Path.DirectorySeparatorChar));
        string program = Path.Combine(ProjectDirectory, "bin", framework.Parent!.Name, framework.Name, "Aggregator");
        var process = new Process
        {
            StartInfo = new ProcessStartInfo(
                program, ["--GRPC_PORT=0", "--WS_PORT=0", "--METRICS_PORT=0", "--LOG_LEVEL=error", .. settings.Select(setting => $"--{setting}")])
            {
                RedirectStandardOutput = true,
            },
        };
        var ready = new TaskCompletionSource<Match>(TaskCreationOptions.RunContinuationsAsynchronously);
        process.OutputDataReceived += (_, line) =>
        {
            if (ReadyLine().Match(line.Data ?? "") is { Success: true } match)
            {
                ready.TrySetResult(match);
            }
        };
        process.Start();
        process.BeginOutputReadLine();
        Match found = await ready.Task.WaitAsync(StartTimeout, TestContext.Current.CancellationToken);
        return new AggregatorProcess(process, new Uri(found.Groups["grpc"].Value), new Uri(found.Groups["web"].Value), new Uri(found.Groups["metrics"].Value));
    }

    public async Task<JsonElement> StatusAsync()
    {
        using JsonDocument status = JsonDocument.Parse(await _http.GetStringAsync("/api/status", TestContext.Current.CancellationToken));
        return status.RootElement.Clone();
    }

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        if (!_process.HasExited)
        {
            _process.Kill();
            await _process.WaitForExitAsync();
        }
        _process.Dispose();
    }

    [GeneratedRegex(@"ready: grpc (?<grpc>\S+) web (?<web>\S+) metrics (?<metrics>\S+)")]
    private static partial Regex ReadyLine();
}
