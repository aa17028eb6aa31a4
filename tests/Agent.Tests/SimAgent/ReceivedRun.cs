using System.Globalization;
using System.Text.Json;
using Microsoft.Extensions.Time.Testing;
using Observability.SimAgent;

namespace Observability.Agent.Tests.SimAgent;

/// <summary>
/// A seeded run of one simulated service, through its agent, over gRPC into the real aggregator, and read back from that aggregator's
/// query API. Time is virtual, so that minutes take seconds; beside it stands what the model did, step by step.
/// </summary>
public sealed class ReceivedRun : IAsyncLifetime
{
    public const double RunSeconds = 300;
    private const string Instance = "a";
    private const int StepsPerQuery = 500;
    private const int StepsPerWait = 50;

    private static readonly SimSettings Settings = new()
    {
        Services = 1, Metrics = 1, Rate = 60, IncidentSeconds = 15, DaySeconds = 100, Seed = 3,
    };

    /// <summary>What the model did: the truth. Step i ends at (i + 1) * 20 ms.</summary>
    internal IReadOnlyList<ModelStep> Truth { get; } = ModelRun.Of(RunSeconds, Settings, Instance);

    /// <summary>What the aggregator received.</summary>
    internal ReceivedSeries Received { get; } = new();

    internal AgentLedger Ledger { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        await using AggregatorProcess aggregator = await AggregatorProcess.StartAsync();
        DateTimeOffset start = TimeProvider.System.GetUtcNow().AddSeconds(-RunSeconds);
        long startNs = (start.UtcTicks - DateTime.UnixEpoch.Ticks) * 100;
        var time = new FakeTimeProvider(start);
        var simulation = new Simulation(Settings, () => new TelemetryAgentOptions
        {
            InstanceId = Instance,
            AggregatorAddress = aggregator.Grpc.ToString(),
            TimeProvider = time,
        });
        await using TelemetryAgent agent = simulation.Agents.Single();
        Assert.True(await agent.ConnectAsync(TestContext.Current.CancellationToken));
        for (int step = 1; step <= Truth.Count; step++)
        {
            time.Advance(TimeSpan.FromSeconds(Simulation.StepSeconds));
            simulation.Step();
            agent.Push();
            if (step % StepsPerWait == 0)
            {
                await Eventually.TrueAsync(() => agent.Ledger.Pending == 0);
            }
            if (step % StepsPerQuery == 0)
            {
                double toSeconds = step * Simulation.StepSeconds;
                await QueryAsync(aggregator, startNs, toSeconds - (StepsPerQuery * Simulation.StepSeconds), toSeconds);
            }
        }
        Ledger = agent.Ledger;
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    // Raw ranges include both ends: the first nanosecond belongs to the range before.
    private async Task QueryAsync(AggregatorProcess aggregator, long startNs, double fromSeconds, double toSeconds)
    {
        long fromNs = startNs + (long)Math.Round(fromSeconds * 1e9) + 1;
        long toNs = startNs + (long)Math.Round(toSeconds * 1e9);
        string selector = Uri.EscapeDataString($"{{instance=\"{Instance}\"}}");
        string address = string.Create(CultureInfo.InvariantCulture, $"{aggregator.Web}api/samples?selector={selector}&from={fromNs}&to={toNs}");
        using var http = new HttpClient();
        await using Stream answer = await http.GetStreamAsync(address, TestContext.Current.CancellationToken);
        using JsonDocument json = await JsonDocument.ParseAsync(answer, cancellationToken: TestContext.Current.CancellationToken);
        Received.Add(json.RootElement, startNs);
    }
}
