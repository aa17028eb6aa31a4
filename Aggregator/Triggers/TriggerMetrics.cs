using Observability.Aggregator.Diagnostics;

namespace Observability.Aggregator.Triggers;

/// <summary>The triggers' counters, for exposition.</summary>
internal sealed class TriggerMetrics(TriggerCounters counters, FiringLog log) : IPlatformFamilies
{
    public void AddTo(PlatformMetrics metrics)
    {
        metrics.Counter("telemetry_trigger_firings_total", "Firings of trigger rules.", () => log.Total);
        metrics.Counter("telemetry_trigger_samples_total", "Samples judged by trigger rules.", () => counters.Samples);
        metrics.Counter("telemetry_trigger_overwritten_samples_total", "Samples overwritten before a trigger rule saw them.", () => counters.Overwritten);
        metrics.Gauge("telemetry_trigger_capture_bytes", "Memory of what firings keep.", () => log.CaptureBytes);
        metrics.Counter("telemetry_trigger_captures_dropped_total", "Captures not kept, or dropped at the memory limit.", () => log.CapturesDropped);
        metrics.Counter(
            "telemetry_trigger_webhook_messages_total", "Messages to webhooks, by outcome.", "outcome",
            () => [("delivered", counters.Deliveries), ("failed", counters.DeliveriesFailed), ("queue_full", counters.DeliveriesDropped)]);
    }
}
