using Observability.Protocol.V1;

namespace Observability.Aggregator.Ingest;

/// <summary>
/// What agents report to have dropped, added up over sessions: a report is a total of its session, and a counter must not fall when an agent
/// leaves. Read by scrapes, one at a time.
/// </summary>
internal sealed class DroppedTotals(ConnectedAgents agents)
{
    /// <summary>Reasons counted apart; further ones, which only a foreign agent can invent, are one.</summary>
    public const int ReasonsMax = 32;

    public const string OtherReason = "other";

    // Of our own SDK. They are exported before they occur: a counter that begins above 0 has no increase to Prometheus.
    private static readonly string[] KnownReasons =
    [
        "buffer_full", "too_large", "malformed", "rejected", "not_delivered", "series_limit",
        "invalid_name", "kind_conflict", "reserved_name", "not_finite", "negative", "stopped", "fault",
    ];

    private const int RememberedMax = 50_000;

    private readonly Lock _lock = new();
    private readonly SortedDictionary<string, double> _totals =
        new(KnownReasons.ToDictionary(reason => reason, _ => 0.0), StringComparer.Ordinal);
    private Dictionary<(ulong SessionId, string Service, string Instance, string Reason), ulong> _seen = [];

    public IReadOnlyList<(string Reason, double Count)> Read()
    {
        IReadOnlyList<ConnectedAgent> connected = [.. agents.Snapshot()];
        lock (_lock)
        {
            foreach (ConnectedAgent agent in connected)
            {
                if (agent.Report is { } report)
                {
                    Add(agent, report);
                }
            }
            if (_seen.Count > RememberedMax)
            {
                HashSet<ulong> sessions = [.. connected.Select(agent => agent.SessionId)];
                _seen = _seen.Where(one => sessions.Contains(one.Key.SessionId)).ToDictionary();
            }
            return [.. _totals.Select(one => (one.Key, one.Value))];
        }
    }

    private void Add(ConnectedAgent agent, AgentReport report)
    {
        foreach ((string reason, ulong count) in report.Dropped)
        {
            var key = (agent.SessionId, agent.Source.Service, agent.Source.Instance, reason);
            ulong seen = _seen.GetValueOrDefault(key);
            if (count <= seen)
            {
                continue;
            }
            string label = _totals.ContainsKey(reason) || _totals.Count < ReasonsMax ? reason : OtherReason;
            if (!_totals.TryGetValue(label, out double total))
            {
                // A foreign agent's own: it begins at 0 here, and counts from the next scrape on.
                _totals.Add(label, 0);
                continue;
            }
            _seen[key] = count;
            _totals[label] = total + (count - seen);
        }
    }
}
