using Observability.Agent;
using Observability.Stress.Processes;
using Observability.Stress.Wakeups;

namespace Observability.Stress.Soak;

/// <summary>The load of a soak: one agent and one viewer that stay and measure, others that come and go.</summary>
internal sealed class SoakLoad : IAsyncDisposable
{
    private const int Gauges = 20;
    private const string Measured = "soak_value";

    private readonly ServerProcess _aggregator;
    private readonly TelemetryAgent _agent;
    private readonly CancellationTokenSource _stop = new();
    private readonly LatencyViewer _viewer;
    private readonly Task _viewing;
    private int _visits;

    public SoakLoad(ServerProcess aggregator)
    {
        _aggregator = aggregator;
        _agent = Create("stays");
        _viewer = View(Measured);
        _viewing = _viewer.RunAsync(_stop.Token);
    }

    /// <summary>Records for so long, while visitors come and go.</summary>
    public async Task RunAsync(TimeSpan time)
    {
        DateTime end = DateTime.UtcNow + time;
        while (DateTime.UtcNow < end)
        {
            // The same few instances again and again, as restarted services are.
            await using TelemetryAgent visitor = Create($"visits-{_visits++ % 3}");
            using var leave = new CancellationTokenSource();
            Task viewing = View("requests_total").RunAsync(leave.Token);
            for (int i = 0; i < 200 && DateTime.UtcNow < end; i++)
            {
                Record(_agent);
                Record(visitor);
                await Task.Delay(10);
            }
            await leave.CancelAsync();
            await viewing;
        }
    }

    public double TakeLatencyMs(double share) => _viewer.LatencyMs(share);

    public void ClearLatencies() => _viewer.Clear();

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _viewing;
        await _agent.DisposeAsync();
        _stop.Dispose();
    }

    private TelemetryAgent Create(string instance)
    {
        TelemetryAgent agent = TelemetryAgent.Create(new TelemetryAgentOptions
        {
            ServiceName = "soak", InstanceId = instance, AggregatorAddress = _aggregator.Grpc.ToString(),
        });
        agent.Start();
        return agent;
    }

    private LatencyViewer View(string name) => new(_aggregator.Web, $"{name}{{instance=\"stays\"}}");

    private static void Record(TelemetryAgent agent)
    {
        agent.SetGauge(Measured, Environment.TickCount64 % 1000);
        for (int i = 0; i < Gauges; i++)
        {
            agent.SetGauge("filler", i, ("number", Numbers[i]));
        }
        agent.RecordRequest(TimeSpan.FromMilliseconds(3));
    }

    private static readonly string[] Numbers = [.. Enumerable.Range(0, Gauges).Select(i => $"{i}")];
}
