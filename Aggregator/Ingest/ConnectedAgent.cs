using Observability.Aggregator.Storage;
using Observability.Protocol.V1;

namespace Observability.Aggregator.Ingest;

/// <summary>One open stream, as status shows it. The shard that owns the source writes what changes; any thread reads.</summary>
internal sealed class ConnectedAgent(Source source, string peer, ulong sessionId, bool isExchange, long connectedAtNs)
{
    private AgentReport? _report;
    private long _reportedAtNs;
    private long _newestBatchNs = connectedAtNs;
    private ulong _sessionId = sessionId;
    private ulong _sequence;

    public Source Source { get; } = source;

    public string Peer { get; } = peer;

    /// <summary>Exchange, or StreamTelemetry.</summary>
    public bool IsExchange { get; } = isExchange;

    public long ConnectedAtNs { get; } = connectedAtNs;

    /// <summary>0: the stream is not numbered.</summary>
    public ulong SessionId { get => Volatile.Read(ref _sessionId); set => Volatile.Write(ref _sessionId, value); }

    /// <summary>Every batch of the session up to here is applied.</summary>
    public ulong Sequence { get => Volatile.Read(ref _sequence); set => Volatile.Write(ref _sequence, value); }

    public long NewestBatchNs { get => Volatile.Read(ref _newestBatchNs); set => Volatile.Write(ref _newestBatchNs, value); }

    /// <summary>The agent's own ledger as it last reported it; not to be changed.</summary>
    public AgentReport? Report => Volatile.Read(ref _report);

    public long ReportedAtNs => Volatile.Read(ref _reportedAtNs);

    public void Reported(AgentReport report, long nowNs)
    {
        Volatile.Write(ref _reportedAtNs, nowNs);
        Volatile.Write(ref _report, report);
    }
}
