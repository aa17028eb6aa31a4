using System.Runtime.InteropServices;

namespace Observability.SimAgent.Model;

/// <summary>
/// One instance of a service in virtual time. <see cref="Advance"/> moves it on by one step; what started and what completed in the step is
/// read afterwards. It knows no agent: the same seed gives the same requests, wherever they are recorded.
/// </summary>
internal sealed class InstanceModel
{
    /// <summary>More open requests than this are turned away with 503, as an overloaded service does.</summary>
    public const int InflightMax = 4096;

    private const int DeployGroups = 3;
    private const double DeployStaggerSeconds = 9;
    private const double DownSeconds = 1.2;
    private const double WarmUpSeconds = 5;
    private const double TimeoutMs = 1500;
    private const double RetryDelayMs = 25;
    private const int RetriesMax = 2;

    private readonly ServiceModel _service;
    private readonly double _deployDelaySeconds;
    private readonly double _rate;
    private readonly SimRandom _random;
    private readonly PauseModel _pauses;
    private readonly List<SimRequest> _open = [];
    private readonly List<SimRequest> _started = [];
    private readonly List<SimRequest> _completed = [];
    private readonly Stack<int> _freeSlots = [];
    private int _slotCount;
    private double _seconds;
    private double _utilisation;
    private double _startedAtSeconds = double.NegativeInfinity;
    private double _deployStarted = double.NegativeInfinity;
    private double _pausedUntilSeconds;

    /// <summary>A deploy reaches the instances one after another, by index and id.</summary>
    public InstanceModel(ServiceModel service, SimSettings settings, int index, string instanceId)
    {
        _service = service;
        _deployDelaySeconds = (index + (int)(SimRandom.Seed(0, instanceId) % DeployGroups)) % DeployGroups * DeployStaggerSeconds;
        _rate = settings.Rate * service.Profile.RateFactor;
        _random = new SimRandom(SimRandom.Seed(settings.Seed, service.Profile.Name, instanceId));
        _pauses = new PauseModel(_random);
    }

    public ReadOnlySpan<SimRequest> Started => CollectionsMarshal.AsSpan(_started);

    public ReadOnlySpan<SimRequest> Completed => CollectionsMarshal.AsSpan(_completed);

    public int Inflight => _open.Count;

    /// <summary>Milliseconds that the instance stood still in this step.</summary>
    public double PauseMs { get; private set; }

    public double HeapMb => _pauses.HeapMb;

    public double CpuShare { get; private set; }

    public double QueueDepth { get; private set; }

    public bool IsDown => _seconds - _startedAtSeconds < 0;

    public long Deploys { get; private set; }

    public void Advance(double stepSeconds)
    {
        ServiceConditions conditions = _service.Conditions;
        _seconds = conditions.Seconds;
        _started.Clear();
        _completed.Clear();
        FollowDeploy(conditions);
        int arrivals = IsDown ? 0 : _random.Poisson(_rate * conditions.Load * stepSeconds);
        PauseMs = IsDown ? 0 : _pauses.Allocate(arrivals);
        if (PauseMs > 0)
        {
            Pause(stepSeconds);
        }
        _utilisation += (Math.Min(1.5, conditions.Load * 0.45) - _utilisation) * Math.Min(1, stepSeconds);
        for (int i = 0; i < arrivals; i++)
        {
            Start(conditions, _seconds - (stepSeconds * _random.Next()));
        }
        Complete();
        Observe(stepSeconds);
    }

    private void FollowDeploy(ServiceConditions conditions)
    {
        Incident incident = conditions.Incident;
        double due = incident.StartSeconds + _deployDelaySeconds;
        if (incident.Kind != IncidentKind.Deploy || _seconds < due || _deployStarted >= incident.StartSeconds)
        {
            return;
        }
        _deployStarted = incident.StartSeconds;
        _startedAtSeconds = _seconds + DownSeconds;
        Deploys++;
        _pauses.Restart();
    }

    // Everything open waits until the pause is over; what arrives in it starts late.
    private void Pause(double stepSeconds)
    {
        _pausedUntilSeconds = _seconds - stepSeconds + (PauseMs / 1000);
        foreach (ref SimRequest request in CollectionsMarshal.AsSpan(_open))
        {
            request.LatencyMs += PauseMs;
        }
    }

    private void Start(ServiceConditions conditions, double startSeconds)
    {
        bool isFull = _open.Count >= InflightMax;
        var request = new SimRequest { Slot = TakeSlot(), StartSeconds = startSeconds, Route = DrawRoute(), Status = 200 };
        if (isFull)
        {
            request.Status = 503;
            request.LatencyMs = _random.Between(0.2, 1);
        }
        else
        {
            Serve(conditions, ref request);
        }
        request.LatencyMs += Math.Max(0, (_pausedUntilSeconds - startSeconds) * 1000);
        _started.Add(request);
        _open.Add(request);
    }

    private void Serve(ServiceConditions conditions, ref SimRequest request)
    {
        ServiceProfile profile = _service.Profile;
        // Work queues behind other work: the busier, the slower.
        double queueing = 1 / (1 - Math.Min(0.75, _utilisation * 0.6));
        double cold = 1 + (ColdSeverity(conditions) * Math.Exp(-(_seconds - _startedAtSeconds) / WarmUpSeconds));
        double median = profile.MedianMs * profile.Routes[request.Route].LatencyFactor * conditions.Drift * queueing * cold;
        request.LatencyMs = _random.LogNormal(median, profile.Sigma);
        CallDependency(conditions, ref request);
        double burst = conditions.Intensity(IncidentKind.ErrorBurst) * conditions.Incident.Severity;
        if (_random.Chance(0.002 + burst))
        {
            request.Status = 500;
            request.LatencyMs *= 0.4;                       // failing is faster than working
        }
        else if (request.Status == 200 && _random.Chance(0.012))
        {
            request.Status = 404;
        }
    }

    private static double ColdSeverity(ServiceConditions conditions) =>
        conditions.Incident.Kind == IncidentKind.Deploy ? conditions.Incident.Severity : 3;

    // A call that fails or times out is tried again, after a delay that doubles.
    private void CallDependency(ServiceConditions conditions, ref SimRequest request)
    {
        double slow = conditions.Intensity(IncidentKind.SlowDependency);
        double median = _service.Profile.DependencyMs * (1 + (slow * (conditions.Incident.Severity - 1)));
        double failure = 0.006 + (0.05 * slow) + (0.1 * conditions.Intensity(IncidentKind.ErrorBurst));
        for (int attempt = 0; ; attempt++)
        {
            double callMs = Math.Min(TimeoutMs, _random.LogNormal(median, 0.4 + (0.3 * slow)));
            bool failed = callMs >= TimeoutMs || _random.Chance(failure);
            request.DependencyMs += callMs;
            request.LatencyMs += callMs;
            if (!failed)
            {
                return;
            }
            if (attempt == RetriesMax)
            {
                request.Status = callMs >= TimeoutMs ? 504 : 502;
                return;
            }
            request.Retries++;
            request.LatencyMs += RetryDelayMs * (1 << attempt) * _random.Between(0.5, 1.5);
        }
    }

    private void Complete()
    {
        for (int i = _open.Count - 1; i >= 0; i--)
        {
            SimRequest request = _open[i];
            if (request.EndSeconds <= _seconds)
            {
                _completed.Add(request);
                _freeSlots.Push(request.Slot);
                _open[i] = _open[^1];
                _open.RemoveAt(_open.Count - 1);
            }
        }
    }

    private void Observe(double stepSeconds)
    {
        double share = Math.Min(1, stepSeconds / 2);
        double busy = IsDown ? 0 : Math.Min(0.97, (0.06 + (_utilisation * 0.5) + (PauseMs > 20 ? 0.3 : 0)) * (1 + (0.1 * _random.Normal())));
        CpuShare += (Math.Max(0, busy) - CpuShare) * share * 4;
        QueueDepth += ((Math.Max(0, Inflight - 2) * 0.8) - QueueDepth) * share * 6;
    }

    private int DrawRoute()
    {
        Route[] routes = _service.Profile.Routes;
        double drawn = _random.Next();
        for (int i = 0; i < routes.Length - 1; i++)
        {
            drawn -= routes[i].Share;
            if (drawn < 0)
            {
                return i;
            }
        }
        return routes.Length - 1;
    }

    private int TakeSlot() => _freeSlots.TryPop(out int slot) ? slot : _slotCount++;
}
