namespace Observability.SimAgent.Model;

/// <summary>One simulated request; <see cref="Slot"/> is free again once it has completed.</summary>
internal struct SimRequest
{
    public int Slot;
    public int Route;
    public int Status;
    public int Retries;
    public double StartSeconds;
    public double LatencyMs;
    public double DependencyMs;

    public readonly bool IsError => Status >= 500;

    public readonly double EndSeconds => StartSeconds + (LatencyMs / 1000);
}
