using System.Diagnostics;
using System.Globalization;
using System.Reflection;
using Observability.Aggregator.Ingest;
using Observability.Aggregator.Listening;
using Observability.Aggregator.Storage;
using Observability.Aggregator.Streaming;
using Observability.Aggregator.Streaming.Connections;
using Observability.Aggregator.Streaming.Frames;
using Observability.Protocol.V1;

namespace Observability.Aggregator.Diagnostics;

/// <summary>GET /api/status: what this process is and how it does. The one place that reads every feature.</summary>
internal static class StatusEndpoint
{
    /// <summary>Connections of the live stream that are listed one by one; all of them are counted.</summary>
    public const int ConnectionsMax = 1000;

    private static readonly string Version =
        typeof(StatusEndpoint).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "0";

    public static async Task<StatusReport> StatusAsync(
        ServingState serving, BoundPorts ports, TelemetryStore store, IngestCounters ingest, ConnectedAgents agents, StreamingCounters streaming,
        LiveHub hub, FrameLoop loop, Cardinality cardinality, LinkOptions links)
    {
        using var process = Process.GetCurrentProcess();
        return new StatusReport(
            Environment.ProcessId,
            Text(store.SessionId),
            Version,
            serving.Phase.ToString().ToLowerInvariant(),
            (DateTime.UtcNow - process.StartTime.ToUniversalTime()).TotalSeconds,
            new StatusReport.PortReport(ports.Of(Listener.Grpc), ports.Of(Listener.Web), ports.Of(Listener.Metrics)),
            new StatusReport.LinkReport(links.Grafana),
            new StatusReport.StorageReport(
                store.Sources.Count, store.SeriesCount, store.Options.SeriesMax, store.MemoryBytes, store.Options.MemoryBudgetBytes, store.RingGrowthsRefused),
            new StatusReport.IngestReport(
                ingest.StreamsOpen, ingest.Batches, ingest.Received, ingest.Rejected, ingest.RejectedByReason(), ingest.Duplicates, ingest.Replayed, ingest.Malformed,
                cardinality.Read()),
            Describe(streaming, hub, loop, await hub.ListAsync(ConnectionsMax)),
            new StatusReport.ProcessReport(process.TotalProcessorTime.TotalSeconds, process.WorkingSet64, GC.GetTotalMemory(forceFullCollection: false)),
            [.. agents.Snapshot().Select(Describe)],
            [.. store.Sources.Select(Describe)],
            [.. agents.Conflicts().Select(one => new StatusReport.Conflict(one.Service, one.Instance, one.RefusedPeer, one.OwnerPeer, Text(one.AtNs)))]);
    }

    private static StatusReport.StreamingReport Describe(
        StreamingCounters counters, LiveHub hub, FrameLoop loop, IReadOnlyList<LiveConnectionInfo> clients)
    {
        return new StatusReport.StreamingReport(
            hub.Count, loop.Tick, RateClass.All.ToDictionary(rate => $"{rate.Hz}", counters.EncodesOf), counters.FramesSent, counters.BytesSent,
            counters.FrameTime.Sum / long.Max(1, counters.FrameTime.Count), counters.FrameSecondsMax,
            counters.Overruns, counters.Overwritten, counters.SlowedDown, counters.ClientsDisconnected, counters.ClientsRefused,
            [.. clients.Select(Describe)]);
    }

    private static StatusReport.Client Describe(LiveConnectionInfo client) => new(
        client.Peer, $"websocket-{client.Format.ToString().ToLowerInvariant()}", Text(client.ConnectedAtNs), client.RatesHz, client.SlowSteps,
        client.UnackedFrames, client.QueuedFrames, client.QueuedTexts);

    private static StatusReport.Agent Describe(ConnectedAgent agent) => new(
        agent.Source.Service, agent.Source.Instance, agent.Peer, Text(agent.SessionId), Text(agent.Sequence),
        Text(agent.ConnectedAtNs), Text(agent.NewestBatchNs), agent.Report is { } report ? Describe(report, agent.ReportedAtNs) : null);

    private static StatusReport.Ledger Describe(AgentReport report, long reportedAtNs) => new(
        report.Recorded, report.Sent, report.Acknowledged, report.Pending,
        report.Dropped.ToDictionary(drop => drop.Key, drop => drop.Value, StringComparer.Ordinal),
        report.ClockOffsetNs, report.RoundTripNs, report.Sdk, Text(reportedAtNs));

    private static StatusReport.Source Describe(Source source) => new(
        source.Id, source.Service, source.Instance, source.Series.Count, source.PushIntervalMs, source.Received, source.Rejected, source.Duplicates,
        source.Replayed, source.ClockOffsetNs, Text(source.NewestReceivedNs));

    private static string Text<T>(T number)
        where T : IFormattable => number.ToString(null, CultureInfo.InvariantCulture);
}
