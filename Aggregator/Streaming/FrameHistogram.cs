namespace Observability.Aggregator.Streaming;

/// <summary>One delta in base-2 exponential buckets, over memory of the caller.</summary>
internal ref struct FrameHistogram
{
    public long TimeNs;
    public ulong Count;
    public double Sum;
    public double Min;
    public double Max;
    public int Scale;
    public ulong ZeroCount;
    public int PositiveOffset;
    public ReadOnlySpan<ulong> Positive;
    public int NegativeOffset;
    public ReadOnlySpan<ulong> Negative;
}
