using Observability.Aggregator.Diagnostics;

namespace Observability.Aggregator.Ingest;

/// <summary>
/// The ledger of each agent, of both sides: what it says it recorded, sent and had acknowledged, and what came of it here. The number of agents told is
/// bounded; all of them together are in the totals.
/// </summary>
internal sealed class AgentMetrics(ConnectedAgents agents, IngestOptions options) : IMetricSource
{
    public IEnumerable<OwnMetric> Read()
    {
        ConnectedAgent[] told = [.. agents.Snapshot().OrderBy(agent => agent.ConnectedAtNs).Take(options.AgentsToldMax)];
        ConnectedAgent[] reporting = [.. told.Where(agent => agent.Report is not null)];
        yield return new OwnMetric(
            "telemetry_agent_samples", OwnMetricType.Gauge, "Samples of a connected agent's session by what it says became of them.",
            [.. reporting.SelectMany(agent => (OwnMetric.Point[])
            [
                Point(agent, agent.Report!.Recorded, "state", "recorded"), Point(agent, agent.Report.Sent, "state", "sent"),
                Point(agent, agent.Report.Acknowledged, "state", "acknowledged"), Point(agent, agent.Report.Pending, "state", "pending"),
            ])]);
        yield return new OwnMetric(
            "telemetry_agent_dropped_samples", OwnMetricType.Gauge, "Samples of a connected agent's session that it dropped, by reason.",
            [.. reporting.SelectMany(agent => agent.Report!.Dropped.Select(drop => Point(agent, drop.Value, "reason", drop.Key)))]);
        yield return new OwnMetric(
            "telemetry_source_samples", OwnMetricType.Gauge, "Samples of a connected agent's source by what became of them here.",
            [.. told.DistinctBy(agent => agent.Source).SelectMany(agent => (OwnMetric.Point[])
            [
                Point(agent, agent.Source.Received, "state", "received"), Point(agent, agent.Source.Rejected, "state", "rejected"),
                Point(agent, agent.Source.Duplicates, "state", "duplicate"), Point(agent, agent.Source.Replayed, "state", "replayed"),
            ])]);
        yield return new OwnMetric(
            "telemetry_agent_clock_offset_seconds", OwnMetricType.Gauge, "The aggregator's clock minus the agent's, as the agent estimates it.",
            [.. reporting.Select(agent => Point(agent, agent.Report!.ClockOffsetNs / 1e9))]);
        yield return new OwnMetric(
            "telemetry_agent_round_trip_seconds", OwnMetricType.Gauge, "The fastest recent round trip of the agent.",
            [.. reporting.Select(agent => Point(agent, agent.Report!.RoundTripNs / 1e9))]);
    }

    private static OwnMetric.Point Point(ConnectedAgent agent, double value, string? label = null, string text = "") => new(
        value,
        [("service", agent.Source.Service), ("instance", agent.Source.Instance), .. label is null ? [] : (ReadOnlySpan<(string, string)>)[(label, text)]]);
}
