using Observability.Agent;

namespace Integration.Tests.Page;

/// <summary>A service whose every value is known: an agent in the test's own process, recording what the test says.</summary>
internal sealed class GroundTruth : IAsyncDisposable
{
    public const string Service = "ground-truth";
    public const string Metric = "level";

    /// <summary>One request each push interval.</summary>
    private static readonly TimeSpan RecordInterval = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan RequestDuration = TimeSpan.FromMilliseconds(12.5);
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _recording;
    private double _level;

    private GroundTruth(TelemetryAgent agent, double level)
    {
        Agent = agent;
        _level = level;
        _recording = RecordAsync();
    }

    public TelemetryAgent Agent { get; }

    /// <summary>The value recorded from now on, every 20 ms.</summary>
    public double Level
    {
        get => Volatile.Read(ref _level);
        set => Volatile.Write(ref _level, value);
    }

    public static async Task<GroundTruth> StartAsync(TestGraph graph, double level)
    {
        TelemetryAgent agent = TelemetryAgent.Create(new TelemetryAgentOptions
        {
            ServiceName = Service,
            InstanceId = "test-1",
            AggregatorAddress = graph.GetEndpoint("grpc").ToString(),
            ReplayWindowMs = 60_000,                    // a busy machine takes longer than the usual 10 s to start an aggregator again
        });
        agent.Start();
        Assert.True(await agent.ConnectAsync(TestContext.Current.CancellationToken), "Cannot connect the agent of the test.");
        return new GroundTruth(agent, level);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _recording;
        await Agent.DisposeAsync();
        _stop.Dispose();
    }

    private async Task RecordAsync()
    {
        GaugeHandle level = Agent.Gauge(Metric, "1");
        using var timer = new PeriodicTimer(RecordInterval);
        while (!_stop.IsCancellationRequested)
        {
            level.Set(Level);
            Agent.RecordRequest(RequestDuration);
            await timer.WaitForNextTickAsync(CancellationToken.None);
        }
    }
}
