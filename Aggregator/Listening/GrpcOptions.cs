using System.ComponentModel.DataAnnotations;

namespace Observability.Aggregator.Listening;

/// <summary>Limits of the gRPC port.</summary>
public sealed class GrpcOptions
{
    public const string Section = "Grpc";

    /// <summary>Longest message accepted, before and after decompression.</summary>
    [Range(1024, 1024 * 1024 * 1024)] public int MessageBytesMax { get; init; } = 4 * 1024 * 1024;

    /// <summary>Calls open at a time on one connection; a client waits with the next. The web server's own default is 100.</summary>
    [Range(1, 1_000_000)] public int StreamsPerConnectionMax { get; init; } = 1000;

    /// <summary>Streams of telemetry open at a time on all connections; the next is refused with RESOURCE_EXHAUSTED.</summary>
    [Range(1, 1_000_000)] public int StreamsMax { get; init; } = 10_000;

    /// <summary>What a client refused for <see cref="StreamsMax"/> is asked to wait (grpc-retry-pushback-ms).</summary>
    [Range(0, 600_000)] public int RetryPushbackMs { get; init; } = 1000;

    /// <summary>How long a message of telemetry that has begun to arrive may take. Idling between messages is never limited.</summary>
    [Range(typeof(TimeSpan), "00:00:00.050", "1.00:00:00")] public TimeSpan MessageTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>A connection that is silent this long is pinged, so that a client that vanished without a word is noticed ...</summary>
    [Range(typeof(TimeSpan), "00:00:01", "1.00:00:00")] public TimeSpan KeepAlivePingDelay { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>... and is closed when the answer takes longer than this.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "1.00:00:00")] public TimeSpan KeepAlivePingTimeout { get; init; } = TimeSpan.FromSeconds(20);
}
