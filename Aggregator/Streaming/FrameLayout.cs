namespace Observability.Aggregator.Streaming;

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
