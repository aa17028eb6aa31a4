namespace Observability.SimAgent.Model;

internal enum IncidentKind
{
    None,

    /// <summary>What the service calls answers many times slower.</summary>
    SlowDependency,

    /// <summary>A share of the requests fails, fast.</summary>
    ErrorBurst,

    /// <summary>Instances restart one after another, and are slow until they are warm.</summary>
    Deploy,
}

/// <summary>One incident of a service.</summary>
internal readonly record struct Incident(IncidentKind Kind, double StartSeconds, double DurationSeconds, double Severity)
{
    private const double RampSeconds = 2;

    public double EndSeconds => StartSeconds + DurationSeconds;

    /// <summary>0 outside, rising to 1 over a ramp and falling again: nothing real breaks in one instant.</summary>
    public double Intensity(double seconds)
    {
        if (seconds < StartSeconds || seconds > EndSeconds)
        {
            return 0;
        }
        double ramp = Math.Min(seconds - StartSeconds, EndSeconds - seconds) / RampSeconds;
        return Math.Min(1, ramp);
    }
}
