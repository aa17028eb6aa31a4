namespace Observability.Aggregator.Diagnostics;

/// <summary>Answer of /api/status. Whole numbers that may exceed 2^53 and times are decimal strings.</summary>
internal sealed record StatusReport(
    int Pid, string SessionId, string Version, string Phase, double UptimeSeconds, StatusReport.PortReport Ports, StatusReport.LinkReport Links,
    StatusReport.StorageReport Storage, StatusReport.IngestReport Ingest, StatusReport.StreamingReport Streaming, StatusReport.ProcessReport Process,
    IReadOnlyList<StatusReport.Agent> Agents, IReadOnlyList<StatusReport.Source> Sources, IReadOnlyList<StatusReport.Conflict> Conflicts)
{
    internal sealed record PortReport(int Grpc, int Web, int Metrics);

    /// <summary>Other programs that show the same services; null where there is none.</summary>
    internal sealed record LinkReport(string? Grafana);

    internal sealed record StorageReport(int Sources, int Series, int SeriesMax, long RingBytes, long RingBytesMax, long RingGrowthsRefused);

    internal sealed record IngestReport(
        int Streams, long Batches, long Received, long Rejected, IReadOnlyDictionary<string, long> RejectedByReason, long Duplicates, long Replayed, long Malformed,
        IReadOnlyList<Ingest.MetricCardinality> Cardinality);

    internal sealed record StreamingReport(
        int Clients, long Tick, IReadOnlyDictionary<string, long> Encodes, long FramesSent, long BytesSent, double FrameSecondsMean, double FrameSecondsMax,
        long Overruns, long Overwritten, long SlowedDown, long ClientsCut, long ClientsRefused, IReadOnlyList<Client> Connections);

    /// <summary>One connection of the live stream. Its lag: the classes it was slowed down by, and the frames it has not acknowledged.</summary>
    internal sealed record Client(
        string Peer, string Transport, string ConnectedAtNs, IReadOnlyList<int> RatesHz, int SlowSteps, int UnackedFrames, int QueuedFrames, int QueuedTexts);

    internal sealed record ProcessReport(double CpuSeconds, long MemoryBytes, long HeapBytes);

    internal sealed record Agent(
        string Service, string Instance, string Peer, string SessionId, string Sequence, string ConnectedAtNs, string NewestBatchNs, Ledger? Report);

    /// <summary>The agent's own words: totals of its session in samples, and its estimate of the clocks.</summary>
    internal sealed record Ledger(
        ulong Recorded, ulong Sent, ulong Acknowledged, ulong Pending, IReadOnlyDictionary<string, ulong> Dropped,
        long ClockOffsetNs, ulong RoundTripNs, string Sdk, string ReportedAtNs);

    internal sealed record Source(
        uint Id, string Service, string Instance, int Series, int PushIntervalMs, long Received, long Rejected, long Duplicates, long Replayed,
        long ClockOffsetNs, string NewestReceivedNs);

    internal sealed record Conflict(string Service, string Instance, string RefusedPeer, string OwnerPeer, string AtNs);
}
