namespace Observability.Aggregator.Streaming.Frames;

/// <summary>The numbers of proto/frame.md, version 1.</summary>
internal static class FrameLayout
{
    public const uint Magic = 0x31464C54;
    public const byte Version = 1;
    public const int HeaderBytes = 64;
    public const int SectionHeaderBytes = 16;

    /// <summary>A time is an f64 offset from the frame's base: exact below this many nanoseconds (104 days) and framed only there.</summary>
    public const long TimeOffsetNsLimit = 1L << 53;

    public static int Align(int bytes) => (bytes + 7) & ~7;
}

/// <summary>What the caller decides of a frame's header; the encoder adds what it counts.</summary>
internal readonly record struct FrameHeader(byte RateHz, FrameFlags Flags, ulong SessionId, long Tick, long FramedNs, long BaseNs);

[Flags]
internal enum FrameFlags : ushort
{
    None = 0,
    Backfill = 1,
    BackfillEnd = 2,
}

internal enum FrameSection : uint
{
    Gauges = 1,
    Counters = 2,
    Conflated = 3,
    Histograms = 4,
    ExplicitHistograms = 5,
    Stamps = 6,
}

internal enum FrameFormat
{
    /// <summary>proto/frame.md, for the subprotocol telemetry.v1.binary.</summary>
    Binary,

    /// <summary>Text messages, for connections without a subprotocol.</summary>
    Json,
}
