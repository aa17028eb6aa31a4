namespace Observability.SimAgent.Model;

/// <summary>When a service has its incidents: one at a time, with quiet between them. Ask with rising times.</summary>
internal sealed class IncidentSchedule
{
    private const double QuietSecondsMin = 10;

    private readonly SimRandom _random;
    private readonly double _meanSecondsBetween;

    public IncidentSchedule(SimRandom random, double meanSecondsBetween)
    {
        _random = random;
        _meanSecondsBetween = meanSecondsBetween;
        Current = Draw(0);
    }

    /// <summary>The incident that is on, or the next one.</summary>
    public Incident Current { get; private set; }

    public Incident At(double seconds)
    {
        while (seconds > Current.EndSeconds)
        {
            Current = Draw(Current.EndSeconds);
        }
        return Current;
    }

    private Incident Draw(double after)
    {
        double start = after + QuietSecondsMin + _random.Exponential(Math.Max(1, _meanSecondsBetween - QuietSecondsMin));
        double kind = _random.Next();
        return kind switch
        {
            < 0.4 => new Incident(IncidentKind.SlowDependency, start, _random.Between(10, 22), _random.Between(5, 12)),
            < 0.75 => new Incident(IncidentKind.ErrorBurst, start, _random.Between(6, 14), _random.Between(0.12, 0.4)),
            _ => new Incident(IncidentKind.Deploy, start, 30, _random.Between(3, 6)),
        };
    }
}
