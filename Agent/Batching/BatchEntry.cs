namespace Observability.Agent.Batching;

/// <summary>One batch of the log. Its sequence is its position.</summary>
internal struct BatchEntry
{
    public int Offset;
    public int Length;
    public int SampleCount;
    public bool IsSent;
    public bool IsDropped;
    public long AppendedNs;

    /// <summary>The aggregator's session that acknowledged it; 0: none yet.</summary>
    public ulong AcknowledgedBy;
}
