namespace Observability.SimAgent.Model;

/// <summary>What holds for all instances of a service at one moment.</summary>
/// <param name="Seconds">Virtual time.</param>
/// <param name="Load">Factor on the rate of requests: waves of the day and noise.</param>
/// <param name="Drift">Factor on the service's own latency, wandering slowly.</param>
/// <param name="Incident">The incident that is on, or the next one.</param>
internal readonly record struct ServiceConditions(double Seconds, double Load, double Drift, Incident Incident)
{
    public double Intensity(IncidentKind kind) => Incident.Kind == kind ? Incident.Intensity(Seconds) : 0;
}

/// <summary>
/// The common fate of a service's instances: day waves, drift and incidents. It depends on the seed and the service alone, so instances in
/// different processes that started together share it.
/// </summary>
internal sealed class ServiceModel
{
    // The drift forgets itself over two minutes and wanders about 20 % around 1.
    private const double DriftMemorySeconds = 120;
    private const double DriftSigma = 0.2;
    private const double LoadNoiseMemorySeconds = 8;
    private const double LoadNoiseSigma = 0.08;

    private readonly SimRandom _random;
    private readonly IncidentSchedule _incidents;
    private readonly double _daySeconds;
    private readonly double _phase;
    private double _drift;
    private double _loadNoise;
    private double _seconds;

    public ServiceModel(ServiceProfile profile, SimSettings settings)
    {
        Profile = profile;
        ulong seed = SimRandom.Seed(settings.Seed, profile.Name);
        _random = new SimRandom(seed);
        _incidents = new IncidentSchedule(new SimRandom(SimRandom.Seed(seed, "incidents")), settings.IncidentSeconds);
        _daySeconds = settings.DaySeconds;
        _phase = _random.Next();
        _drift = DriftSigma * _random.Normal();
    }

    public ServiceProfile Profile { get; }

    public ServiceConditions Conditions { get; private set; } = new(0, 1, 1, default);

    public void Advance(double seconds)
    {
        _seconds += seconds;
        _drift = Wander(_drift, DriftMemorySeconds, DriftSigma, seconds);
        _loadNoise = Wander(_loadNoise, LoadNoiseMemorySeconds, LoadNoiseSigma, seconds);
        double day = (_seconds / _daySeconds) + _phase;
        double wave = 1 + (0.45 * Math.Sin(2 * Math.PI * day)) + (0.15 * Math.Sin((6 * Math.PI * day) + 1));
        Conditions = new ServiceConditions(
            _seconds, Math.Max(0.1, wave * Math.Exp(_loadNoise)), Math.Exp(_drift), _incidents.At(_seconds));
    }

    // An Ornstein-Uhlenbeck step: a random walk that is drawn back to 0.
    private double Wander(double value, double memorySeconds, double sigma, double seconds)
    {
        double keep = Math.Exp(-seconds / memorySeconds);
        return (value * keep) + (sigma * Math.Sqrt(1 - (keep * keep)) * _random.Normal());
    }
}
