namespace Observability.Aggregator.Diagnostics;

/// <summary>Nanoseconds since the Unix epoch, as every timestamp on a wire of ours is written.</summary>
internal static class UnixTime
{
    private const long NsPerTick = 100;

    public static long UnixNs(this TimeProvider time) => (time.GetUtcNow().UtcTicks - DateTime.UnixEpoch.Ticks) * NsPerTick;
}
