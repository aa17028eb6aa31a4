using Observability.Aggregator.Diagnostics;

namespace Observability.Aggregator.Streaming;

/// <summary>The live stream's counters, for exposition.</summary>
internal sealed class StreamingMetrics(StreamingCounters counters, LiveHub hub, FrameLoop loop) : IMetricSource
{
    public IEnumerable<OwnMetric> Read() =>
    [
        OwnMetric.Gauge("telemetry_live_clients", "Open WebSocket connections.", hub.Count),
        OwnMetric.Counter("telemetry_live_clients_refused_total", "Connections refused at the limit.", counters.ClientsRefused),
        OwnMetric.Counter("telemetry_live_clients_cut_total", "Connections ended because they took nothing or asked too much.", counters.ClientsCut),
        OwnMetric.Counter("telemetry_live_clients_slowed_total", "Moves of a connection to a slower class of rate.", counters.SlowedDown),
        OwnMetric.Counter(
            "telemetry_frames_encoded_total", "Frames encoded, by class of rate.", "rate",
            RateClass.All.Select(rate => ($"{rate.Hz}", (double)counters.EncodesOf(rate)))),
        OwnMetric.Counter("telemetry_frames_encoded_bytes_total", "Bytes of encoded frames.", counters.EncodedBytes),
        OwnMetric.Counter("telemetry_frames_sent_total", "Messages written to sockets.", counters.FramesSent),
        OwnMetric.Counter("telemetry_frames_sent_directly_total", "Those of them that the frame loop gave to the socket itself.", counters.FramesSentDirectly),
        OwnMetric.Counter("telemetry_frames_sent_bytes_total", "Bytes written to sockets.", counters.BytesSent),
        OwnMetric.Counter("telemetry_frame_overruns_total", "Passes of the frame loop longer than a period of 60 Hz.", counters.Overruns),
        OwnMetric.Counter("telemetry_view_overwritten_samples_total", "Samples overwritten before a view took them.", counters.Overwritten),
        OwnMetric.Counter("telemetry_view_refused_series_total", "Series that matched a full subscription.", counters.SeriesRefused),
        OwnMetric.Gauge("telemetry_frame_pool_idle_bytes", "Memory of frames kept for reuse.", loop.Pool.IdleBytes),
        OwnMetric.Counter("telemetry_frames_compressed_total", "Frames compressed, each once for all connections that take it so.", counters.FramesCompressed),
        OwnMetric.Counter("telemetry_frames_compressed_bytes_total", "Bytes of compressed frames.", counters.CompressedBytes),
        OwnMetric.Counter("telemetry_frames_compressed_from_bytes_total", "Bytes of the same frames before.", counters.CompressedFromBytes),
        OwnMetric.Counter("telemetry_frame_compression_seconds_total", "Time spent on compressing frames.", counters.CompressionTime.TotalSeconds),
        OwnMetric.Histogram(
            "telemetry_frame_seconds", "Time of a pass of the frame loop that made frames, until sockets have them or they wait for one.", counters.FrameTime),
        OwnMetric.Histogram("telemetry_frame_late_seconds", "From when a frame was due to the start of the pass that makes it.", counters.FrameLateness),
    ];
}
