using Observability.Aggregator.Diagnostics;
using Reading = (string[] LabelValues, double Value);

namespace Observability.Aggregator.Ingest;

/// <summary>
/// The ledger of each agent, of both sides: what it says it recorded, sent and had acknowledged, and what came of it here. Only so many agents are
/// exposed one by one; all of them together are in the totals.
/// </summary>
internal sealed class AgentMetrics(ConnectedAgents agents, IngestOptions options) : IPlatformFamilies
{
    private static readonly string[] Labels = ["service", "instance"];
    private static readonly string[] LabelsAndState = [.. Labels, "state"];
    private static readonly string[] LabelsAndReason = [.. Labels, "reason"];

    public void AddTo(PlatformMetrics metrics)
    {
        metrics.Gauge(
            "telemetry_agent_samples", "Samples of a connected agent's session by what it says became of them.", LabelsAndState,
            () => Reporting().SelectMany(agent => (Reading[])
            [
                Of(agent, agent.Report!.Recorded, "recorded"), Of(agent, agent.Report.Sent, "sent"),
                Of(agent, agent.Report.Acknowledged, "acknowledged"), Of(agent, agent.Report.Pending, "pending"),
            ]));
        metrics.Gauge(
            "telemetry_agent_dropped_samples", "Samples of a connected agent's session that it dropped, by reason.", LabelsAndReason,
            () => Reporting().SelectMany(agent => agent.Report!.Dropped.Select(drop => Of(agent, drop.Value, drop.Key))));
        metrics.Gauge(
            "telemetry_source_samples", "Samples of a connected agent's source by what became of them here.", LabelsAndState,
            () => Exposed().DistinctBy(agent => agent.Source).SelectMany(agent => (Reading[])
            [
                Of(agent, agent.Source.Received, "received"), Of(agent, agent.Source.Rejected, "rejected"),
                Of(agent, agent.Source.Duplicates, "duplicate"), Of(agent, agent.Source.Replayed, "replayed"),
            ]));
        metrics.Gauge(
            "telemetry_agent_clock_offset_seconds", "The aggregator's clock minus the agent's, as the agent estimates it.", Labels,
            () => Reporting().Select(agent => Of(agent, agent.Report!.ClockOffsetNs / 1e9)));
        metrics.Gauge(
            "telemetry_agent_round_trip_seconds", "The fastest recent round trip of the agent.", Labels,
            () => Reporting().Select(agent => Of(agent, agent.Report!.RoundTripNs / 1e9)));
    }

    private IEnumerable<ConnectedAgent> Exposed() => agents.Snapshot().OrderBy(agent => agent.ConnectedAtNs).Take(options.AgentsToldMax);

    private IEnumerable<ConnectedAgent> Reporting() => Exposed().Where(agent => agent.Report is not null);

    private static Reading Of(ConnectedAgent agent, double value, params string[] last) => ([agent.Source.Service, agent.Source.Instance, .. last], value);
}
