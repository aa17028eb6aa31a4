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

    /// <summary>
    /// The measurements in another unit. Exponential buckets move to the nearest ones, which is off by half a bucket at most; explicit bounds are the caller's.
    /// </summary>
    public readonly HistogramRow MultipliedBy(double factor)
    {
        HistogramRow row = this;
        row.Sum *= factor;
        row.Min *= factor;
        row.Max *= factor;
        int shift = IsExplicit ? 0 : (int)Math.Round(Math.Log2(factor) * Math.ScaleB(1, int.Clamp(Scale, -20, 20)));
        row.PositiveOffset += shift;
        row.NegativeOffset += shift;
        return row;
    }

    /// <summary>True when the buckets have explicit bounds.</summary>
    public readonly bool IsExplicit => Explicit.Length > 0;
}
