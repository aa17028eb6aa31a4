namespace Observability.Aggregator.Diagnostics;

public enum ServingPhase
{
    Starting = 0,
    Serving = 1,
    Draining = 2,
}
