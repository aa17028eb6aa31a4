namespace Observability.Aggregator.Streaming;

/// <summary>One delta in buckets of the sender's own bounds, over memory of the caller; one count more than bounds.</summary>
internal ref struct FrameExplicitHistogram
{
    public long TimeNs;
    public ulong Count;
    public double Sum;
    public double Min;
    public double Max;
    public ReadOnlySpan<double> Bounds;
    public ReadOnlySpan<ulong> Counts;
}
