namespace Observability.Agent.Recording;

/// <summary>What all instruments of one agent share.</summary>
internal sealed record RecordingContext(GaugeBuffer Gauges, AgentClock Clock, RecordingDrops Drops, AgentLife Life);

/// <summary>Whether the agent still sends. Written once by its owner, read by recording threads on rare paths.</summary>
internal sealed class AgentLife
{
    private volatile bool _isStopped;

    public bool IsStopped => _isStopped;

    public void Stop() => _isStopped = true;
}
