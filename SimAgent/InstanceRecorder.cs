using Observability.Agent;
using Observability.SimAgent.Model;

namespace Observability.SimAgent;

/// <summary>Records what one instance's model does, through its own agent, as the instance's code would.</summary>
internal sealed class InstanceRecorder
{
    private static readonly int[] Statuses = [200, 404, 500, 502, 503, 504];

    private readonly InstanceModel _model;
    private readonly SimRandom _random;
    private readonly CounterHandle[] _responses;
    private readonly CounterHandle _retries;
    private readonly CounterHandle _deploys;
    private readonly HistogramHandle _dependency;
    private readonly HistogramHandle _pauses;
    private readonly GaugeHandle _cpu;
    private readonly GaugeHandle _heap;
    private readonly GaugeHandle _queue;
    private readonly GaugeHandle[] _workers;
    private readonly double[] _utilisations;
    private RequestScope[] _scopes = new RequestScope[64];
    private long _deploysSeen;

    public InstanceRecorder(TelemetryAgent agent, InstanceModel model, ServiceProfile profile, SimSettings settings)
    {
        Agent = agent;
        _model = model;
        _random = new SimRandom(SimRandom.Seed(settings.Seed, agent.ServiceName, agent.InstanceId, "gauges"));
        _cpu = agent.Gauge("cpu_utilization", "1");
        _heap = agent.Gauge("heap_bytes", "By");
        _queue = agent.Gauge("queue_depth", "1");
        _workers = new GaugeHandle[settings.Metrics];
        for (int i = 0; i < _workers.Length; i++)
        {
            _workers[i] = agent.Gauge("worker_utilization", "1", ("worker", $"{i + 1:000}"));
        }
        _utilisations = new double[settings.Metrics];
        _retries = agent.Counter("retries_total", "1", ("dependency", profile.Dependency));
        _deploys = agent.Counter("deploys_total", "1");
        _responses = [.. profile.Routes.SelectMany(route => Statuses.Select(status =>
            agent.Counter("http_responses_total", "1", ("route", route.Path), ("status", $"{status}"))))];
        _dependency = agent.Histogram("dependency_latency", "ms", ("dependency", profile.Dependency));
        _pauses = agent.Histogram("gc_pause", "ms");
    }

    public TelemetryAgent Agent { get; }

    /// <summary>Records the model's last step.</summary>
    public void Record()
    {
        foreach (ref readonly SimRequest request in _model.Started)
        {
            if (request.Slot >= _scopes.Length)
            {
                Array.Resize(ref _scopes, Math.Max(request.Slot + 1, _scopes.Length * 2));
            }
            _scopes[request.Slot] = Agent.TrackRequest();
        }
        foreach (ref readonly SimRequest request in _model.Completed)
        {
            Complete(request);
        }
        if (_model.PauseMs > 0)
        {
            _pauses.Record(_model.PauseMs);
        }
        if (_model.Deploys != _deploysSeen)
        {
            _deploysSeen = _model.Deploys;
            _deploys.Add();
        }
        RecordGauges();
    }

    private void Complete(in SimRequest request)
    {
        ref RequestScope scope = ref _scopes[request.Slot];
        if (request.IsError)
        {
            scope.MarkError();
        }
        scope.Complete(TimeSpan.FromMilliseconds(request.LatencyMs));
        int status = Array.IndexOf(Statuses, request.Status);
        _responses[(request.Route * Statuses.Length) + status].Add();
        _retries.Add(request.Retries);
        if (request.DependencyMs > 0)
        {
            _dependency.Record(request.DependencyMs);
        }
    }

    private void RecordGauges()
    {
        _cpu.Set(Math.Round(_model.CpuShare, 4));
        _heap.Set(Math.Round(_model.HeapMb, 1) * 1_048_576);
        _queue.Set(Math.Round(_model.QueueDepth, 2));
        for (int i = 0; i < _workers.Length; i++)
        {
            double target = _model.CpuShare * (0.6 + (0.8 * (i % 7) / 6));
            _utilisations[i] += ((target - _utilisations[i]) * 0.02) + (0.01 * _random.Normal());
            _utilisations[i] = Math.Clamp(_utilisations[i], 0, 1);
            _workers[i].Set(Math.Round(_utilisations[i], 4));
        }
    }
}
