using Observability.Protocol.V1;

namespace Observability.Aggregator.Ingest;

/// <summary>What a batch says besides its samples. Service and instance are places in the message.</summary>
internal struct BatchHeader
{
    public int ServiceAt;
    public int ServiceLength;
    public int InstanceAt;
    public int InstanceLength;
    public ulong Sequence;
    public ulong SessionId;
    public ulong SentAtNs;
    public uint PushIntervalMs;
    public bool Replay;

    /// <summary>Null when none came or it was larger than allowed.</summary>
    public AgentReport? Report;
    public bool ReportTooLarge;
}
