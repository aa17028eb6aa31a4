namespace Observability.Aggregator.Storage;

/// <summary>One histogram as read back; its buckets and bounds lie in the buffer that holds it.</summary>
internal struct HistogramRow
{
    public long TimestampNs;
    public ulong Count;
    public double Sum;
    public double Min;
    public double Max;
    public int Scale;
    public ulong ZeroCount;
    public int PositiveOffset;
    public int NegativeOffset;
    public BucketRange Positive;
    public BucketRange Negative;
    public BucketRange Explicit;
    public BucketRange Bounds;

    /// <summary>True when the buckets have explicit bounds.</summary>
    public readonly bool IsExplicit => Explicit.Length > 0;
}
