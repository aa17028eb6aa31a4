using System.Globalization;
using Observability.Aggregator.Diagnostics;
using Observability.Aggregator.Streaming.Connections;
using Observability.Aggregator.Streaming.Frames;

namespace Observability.Aggregator.Streaming;

/// <summary>The live stream's counters, for exposition.</summary>
internal sealed class StreamingMetrics(StreamingCounters counters, LiveHub hub, FrameLoop loop) : IPlatformFamilies
{
    public void AddTo(PlatformMetrics metrics)
    {
        metrics.Gauge("telemetry_live_clients", "Open WebSocket connections.", () => hub.Count);
        metrics.Counter("telemetry_live_clients_refused_total", "Connections refused at the limit.", () => counters.ClientsRefused);
        metrics.Counter("telemetry_live_clients_cut_total", "Connections ended because they took nothing or asked too much.", () => counters.ClientsDisconnected);
        metrics.Counter("telemetry_live_clients_slowed_total", "Moves of a connection to a slower class of rate.", () => counters.SlowedDown);
        metrics.Counter(
            "telemetry_frames_encoded_total", "Frames encoded, by class of rate.", "rate",
            () => RateClass.All.Select(rate => (rate.Hz.ToString(CultureInfo.InvariantCulture), (double)counters.EncodesOf(rate))));
        metrics.Counter("telemetry_frames_encoded_bytes_total", "Bytes of encoded frames.", () => counters.EncodedBytes);
        metrics.Counter("telemetry_frames_sent_total", "Messages written to sockets.", () => counters.FramesSent);
        metrics.Counter("telemetry_frames_sent_directly_total", "Those of them that the frame loop gave to the socket itself.", () => counters.FramesSentDirectly);
        metrics.Counter("telemetry_frames_sent_bytes_total", "Bytes written to sockets.", () => counters.BytesSent);
        metrics.Counter("telemetry_frame_overruns_total", "Passes of the frame loop longer than a period of 60 Hz.", () => counters.Overruns);
        metrics.Counter(
            "telemetry_frame_wakeups_missed_total", "Arrivals found by the frame loop's look by the clock instead of waking it. Anything but 0 is a fault.",
            () => counters.WakesMissed);
        metrics.Counter("telemetry_view_overwritten_samples_total", "Samples overwritten before a view took them.", () => counters.Overwritten);
        metrics.Counter("telemetry_view_refused_series_total", "Series that matched a full subscription.", () => counters.SeriesRefused);
        metrics.Gauge("telemetry_frame_pool_idle_bytes", "Memory of frames kept for reuse.", () => loop.Pool.IdleBytes);
        // These two are families already; asked for here, they are exposed before the first frame.
        _ = (counters.FrameTime, counters.FrameLateness);
    }
}
