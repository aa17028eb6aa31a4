using System.ComponentModel.DataAnnotations;

namespace Observability.Aggregator.Streaming;

/// <summary>Limits of the live stream.</summary>
internal sealed class StreamingOptions
{
    public const string Section = "Streaming";

    /// <summary>WebSocket connections at a time; one more is answered 503.</summary>
    [Range(1, 100_000)] public int ClientsMax { get; init; } = 4096;

    [Range(1, 10_000)] public int SubscriptionsPerClientMax { get; init; } = 64;

    /// <summary>Series that one subscription may match; also the bound of what appears later.</summary>
    [Range(1, 1_000_000)] public int SeriesPerSubscriptionMax { get; init; } = 20_000;

    /// <summary>Series of the subscription that a JSON connection begins with.</summary>
    [Range(1, 100_000)] public int AutomaticSeriesMax { get; init; } = 1000;

    /// <summary>Size of one message from a client; a longer one ends the connection with 1009.</summary>
    [Range(256, 1_048_576)] public int ControlMessageBytesMax { get; init; } = 16_384;

    /// <summary>Frames that wait for a connection's socket: half a second at 60 Hz. Full: the connection moves to a slower class.</summary>
    [Range(2, 256)] public int QueueFramesMax { get; init; } = 30;

    /// <summary>Text messages that wait for a connection's socket. Full: it asks more than it reads, and is cut.</summary>
    [Range(8, 4096)] public int QueueTextsMax { get; init; } = 256;

    /// <summary>A connection that takes nothing for this long is cut.</summary>
    [Range(100, 600_000)] public int SendTimeoutMs { get; init; } = 10_000;

    /// <summary>A connection that sent nothing for this long is asked by a ping whether it is there. Pings also keep proxies from closing it.</summary>
    [Range(50, 600_000)] public int PingIntervalMs { get; init; } = 15_000;

    /// <summary>A connection that does not answer a ping for this long is cut.</summary>
    [Range(50, 600_000)] public int PongTimeoutMs { get; init; } = 20_000;

    /// <summary>Whether frames are compressed (permessage-deflate), for each connection anew: for few viewers behind a slow network.</summary>
    public FrameCompression Compression { get; init; } = FrameCompression.Off;

    /// <summary>How long a client may take to answer our close frame.</summary>
    [Range(10, 60_000)] public int CloseTimeoutMs { get; init; } = 2_000;

    /// <summary>Unacknowledged frames that are no lag. 4 are 67 ms at 60 Hz: one round trip on a slow network.</summary>
    [Range(1, 60)] public int UnackedFramesMax { get; init; } = 4;

    /// <summary>More unacknowledged frames for this long: the connection moves to a slower class.</summary>
    [Range(50, 60_000)] public int LagMs { get; init; } = 1_000;

    /// <summary>Without lag for this long: it moves back, one class at a time.</summary>
    [Range(50, 600_000)] public int RecoverMs { get; init; } = 5_000;

    [Range(50, 60_000)] public int HeartbeatMs { get; init; } = 1_000;

    /// <summary>How far back a subscription may ask; the rings hold less than a day.</summary>
    [Range(0, 86_400_000)] public int BackfillMsMax { get; init; } = 86_400_000;

    /// <summary>A backfill is cut into frames of about this size.</summary>
    [Range(4096, 16_777_216)] public int BackfillFrameBytes { get; init; } = 262_144;

    /// <summary>Backfills that are read at a time; the others wait, so that they never take the frame loop's processor.</summary>
    [Range(1, 64)] public int BackfillsAtOnceMax { get; init; } = 2;

    /// <summary>With several agents, an arrival after a quiet interval waits this long for the others of the same moment.</summary>
    [Range(0, 16)] public int CoalesceMs { get; init; } = 1;

    /// <summary>Memory of frames kept for reuse.</summary>
    [Range(0, 1_073_741_824)] public long FramePoolBytesMax { get; init; } = 64 * 1024 * 1024;
}
