using System.Diagnostics;

namespace Observability.Agent.Tests.SimAgent;

/// <summary>The program itself, as a process.</summary>
public sealed class SimProcessTests
{
    private const string Sigterm = "TERM";

    [Fact]
    public async Task SimAgent_WithABadSetting_EndsWithOneLine()
    {
        using Process process = Start(("SIM_SERVICES", "99"));
        string error = await process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.Equal(2, process.ExitCode);
        Assert.Equal("Cannot start SimAgent: SIM_SERVICES is '99', allowed is a whole number from 1 to 12.", error.Trim());
    }

    [Fact]
    public async Task SimAgent_WithABadAgentSetting_EndsWithOneLine()
    {
        using Process process = Start(("PUSH_INTERVAL_MS", "x"));
        string error = await process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.Equal(2, process.ExitCode);
        Assert.StartsWith("Cannot create the agent: PUSH_INTERVAL_MS is 'x'", error.Trim(), StringComparison.Ordinal);
        Assert.DoesNotContain('\n', error.Trim());
    }

    [Theory]
    [InlineData(Sigterm)]
    [InlineData("INT")]
    public async Task SimAgent_AskedToEnd_DeliversWhatItHoldsAndEnds(string signal)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "signals are sent with kill");
        await using FakeAggregator aggregator = await FakeAggregator.StartAsync();
        using Process process = Start(
            ("AGGREGATOR_ADDR", aggregator.Address.Authority),
            ("OTEL_SERVICE_NAME", "sim-agent"),
            ("OTEL_RESOURCE_ATTRIBUTES", "service.instance.id=replica-a"));
        Task<string> output = process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await Eventually.TrueAsync(() => aggregator.Received > 1000);
        var ending = Stopwatch.StartNew();
        using (var kill = Process.Start("kill", [$"-{signal}", $"{process.Id}"]))
        {
            await kill.WaitForExitAsync(TestContext.Current.CancellationToken);
        }
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        // Two seconds are promised on a machine that is not busy with the rest of the tests.
        Assert.InRange(ending.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(10));
        Assert.Equal(0, process.ExitCode);
        Assert.Equal(3, aggregator.Samples.Select(s => s.Service).Distinct().Count());
        Assert.All(aggregator.Samples, s => Assert.Equal("replica-a", s.Instance));
        Assert.Contains("Stopped.", await output, StringComparison.Ordinal);
    }

    private static Process Start(params (string Name, string Value)[] environment)
    {
        var start = new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, "SimAgent.dll")])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach ((string name, string value) in environment)
        {
            start.Environment[name] = value;
        }
        return Process.Start(start)!;
    }
}
