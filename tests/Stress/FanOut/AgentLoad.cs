using System.Globalization;
using Observability.Agent;

namespace Observability.Stress.FanOut;

/// <summary>Agents of the SDK that set every gauge once in a push interval, out of step with each other.</summary>
internal sealed class AgentLoad : IAsyncDisposable
{
    private readonly List<TelemetryAgent> _agents = [];
    private readonly List<GaugeHandle> _gauges = [];
    private readonly CancellationTokenSource _stop = new();
    private readonly int _gaugesPerAgent;
    private Task _recording = Task.CompletedTask;

    public AgentLoad(Uri aggregator, int agents, int gaugesPerAgent)
    {
        _gaugesPerAgent = gaugesPerAgent;
        for (int agent = 0; agent < agents; agent++)
        {
            var own = TelemetryAgent.Create(new TelemetryAgentOptions
            {
                ServiceName = "fan-out",
                InstanceId = agent.ToString(CultureInfo.InvariantCulture),
                AggregatorAddress = aggregator.ToString(),
            });
            _agents.Add(own);
            IEnumerable<string> names = Enumerable.Range(0, gaugesPerAgent).Select(gauge => string.Create(CultureInfo.InvariantCulture, $"gauge_{gauge}"));
            _gauges.AddRange(names.Select(name => own.Gauge(name)));
        }
    }

    public async Task StartAsync()
    {
        foreach (TelemetryAgent agent in _agents)
        {
            if (!await agent.ConnectAsync())
            {
                throw new InvalidOperationException("Cannot send load: the aggregator did not take an agent.");
            }
            agent.Start();
            await Task.Delay(7);
        }
        _recording = Task.Run(RecordAsync);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _recording;
        foreach (TelemetryAgent agent in _agents)
        {
            await agent.DisposeAsync();
        }
        _stop.Dispose();
    }

    private async Task RecordAsync()
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
        for (int round = 0; !_stop.IsCancellationRequested; round++)
        {
            for (int i = 0; i < _gauges.Count; i++)
            {
                _gauges[i].Set((round * 31) + (i % _gaugesPerAgent));
            }
            try
            {
                await timer.WaitForNextTickAsync(_stop.Token);
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }
}
