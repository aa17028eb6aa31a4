using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace Observability.Aggregator.Tests.Diagnostics;

/// <summary>Through the real process: what a person sees who starts it with a wrong setting.</summary>
public sealed class StartTests
{
    [Theory]
    [InlineData("GRPC_PORT", "70000", "Cannot start: GRPC_PORT is '70000', allowed is a port from 1 to 65535, or 0 for a free one.")]
    [InlineData("LOG_LEVEL", "loud", "Cannot start: LOG_LEVEL is 'loud', allowed is trace, debug, info, warn, error, critical or none.")]
    [InlineData("ALLOWED_ORIGINS", "localhost:5173", "Cannot start: ALLOWED_ORIGINS is 'localhost:5173', allowed is a comma-separated list of http(s)://host[:port], or *.")]
    [InlineData("Shutdown__DrainTimeoutMs", "soon", "Cannot start: Shutdown:DrainTimeoutMs is 'soon', allowed is a number from 0 to 60000.")]
    [InlineData("METRICS_PORT", "http", "Cannot start: METRICS_PORT is 'http', allowed is a port from 1 to 65535, or 0 for a free one.")]
    [InlineData("Query__QueueTimeoutMs", "-1", "Cannot start: Query:QueueTimeoutMs is '-1', allowed is a number from 0 to 600000.")]
    [InlineData("Query__QueueTimeout", "5", "Cannot start: Query:QueueTimeout is no setting. Query has ListedSeriesMax, SampledSeriesMax, ValuesMax, StepsMax, QueriesAtOnceMax, QueueTimeoutMs.")]
    [InlineData("TELEMETRY_API_KEYS", "with blank", "Cannot start: TELEMETRY_API_KEYS is '***', allowed is a comma-separated list of printable ASCII keys of at most 1024 characters.")]
    [InlineData("GRAFANA_URL", "localhost:3000", "Cannot start: GRAFANA_URL is 'localhost:3000', allowed is empty, or an absolute http:// or https:// address without user, query or fragment, such as https://grafana.example.com.")]
    [InlineData("DASHBOARD_PATH", "/nowhere", "Cannot start: DASHBOARD_PATH is '/nowhere', allowed is a folder that holds the built page (index.html).")]
    public async Task Run_WhenASettingIsOutOfRange_EndsWithOneLineAndExitCode1(string name, string value, string line)
    {
        (int exitCode, string output, string errors) = await RunAsync((name, value));
        Assert.Equal(line, errors.Trim());
        Assert.Equal("", output.Trim());
        Assert.Equal(1, exitCode);
    }

    [Fact]
    public async Task Run_WhenARuleOfTheConfigurationHasAnUnknownKey_NamesIt()
    {
        (int exitCode, _, string errors) = await RunAsync(("Triggers__Rules__0__Name", "high"), ("Triggers__Rules__0__Treshold", "5"));
        Assert.StartsWith("Cannot start: Triggers:Rules:0:Treshold is no setting. Triggers:Rules:0 has Name, Selector, ", errors, StringComparison.Ordinal);
        Assert.Single(errors.Trim().Split('\n'));
        Assert.Equal(1, exitCode);
    }

    [Fact]
    public async Task Run_WhenSeveralSettingsAreWrong_NamesEachInALine()
    {
        (int exitCode, _, string errors) = await RunAsync(("Query__StepsMax", "0"), ("Streaming__LagMs", "1"));
        Assert.Equal(
            ["Cannot start: Query:StepsMax is '0', allowed is a number from 1 to 1000000.", "Cannot start: Streaming:LagMs is '1', allowed is a number from 50 to 60000."],
            errors.Trim().Split('\n').Order());
        Assert.Equal(1, exitCode);
    }

    [Fact]
    public async Task Run_WhenAPortIsTaken_EndsWithOneLineThatNamesIt()
    {
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        int port = ((IPEndPoint)taken.LocalEndpoint).Port;
        (int exitCode, string output, string errors) = await RunAsync(("WS_PORT", $"{port}"));
        Assert.StartsWith($"Cannot listen on WS_PORT {port} of localhost: another program has it.", errors, StringComparison.Ordinal);
        Assert.Single(errors.Trim().Split('\n'));
        Assert.Equal("", output.Trim());
        Assert.Equal(1, exitCode);
    }

    [Fact]
    public async Task Health_WhenNobodyListens_ExitsWith1()
    {
        using var free = new TcpListener(IPAddress.Loopback, 0);
        free.Start();
        int port = ((IPEndPoint)free.LocalEndpoint).Port;
        free.Stop();
        (int exitCode, string output, _) = await RunAsync("--health", ("WS_PORT", $"{port}"), ("BIND_ADDRESS", "127.0.0.1"));
        Assert.StartsWith($"Cannot reach http://127.0.0.1:{port}/health", output, StringComparison.Ordinal);
        Assert.Equal(1, exitCode);
    }

    [Fact]
    public async Task Health_WhenItServes_ExitsWith0()
    {
        await using RunningAggregator aggregator = await RunningAggregator.StartAsync();
        (int exitCode, string output, _) = await RunAsync("--health", ("WS_PORT", $"{aggregator.WebPort}"), ("BIND_ADDRESS", "127.0.0.1"));
        Assert.Equal("200 {\"status\":\"serving\"}", output.Trim());
        Assert.Equal(0, exitCode);
    }

    private static Task<(int ExitCode, string Output, string Errors)> RunAsync(params (string Name, string Value)[] settings) => RunAsync("", settings);

    private static async Task<(int ExitCode, string Output, string Errors)> RunAsync(string argument, params (string Name, string Value)[] settings)
    {
        var start = new ProcessStartInfo("dotnet", [typeof(Program).Assembly.Location, .. argument.Length == 0 ? Array.Empty<string>() : [argument]])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["GRPC_PORT"] = "0";
        start.Environment["WS_PORT"] = "0";
        start.Environment["METRICS_PORT"] = "0";
        foreach ((string name, string value) in settings)
        {
            start.Environment[name] = value;
        }
        using Process process = Process.Start(start)!;
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        timeout.CancelAfter(TimeSpan.FromSeconds(60));
        try
        {
            Task<string> output = process.StandardOutput.ReadToEndAsync(timeout.Token);
            Task<string> errors = process.StandardError.ReadToEndAsync(timeout.Token);
            await process.WaitForExitAsync(timeout.Token);
            return (process.ExitCode, await output, await errors);
        }
        finally
        {
            if (!process.HasExited)
            {
                process.Kill();
            }
        }
    }
}
