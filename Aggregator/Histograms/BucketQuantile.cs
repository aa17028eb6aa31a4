namespace Observability.Aggregator.Histograms;

/// <summary>
/// The one definition of a quantile over buckets (`proto/golden/quantiles.json` holds agent, aggregator and page to it): the observation of rank
/// max(1, ceil(q x count)), found by walking the filled buckets from the smallest values up, interpolated inside its bucket by that rank, and held within the
/// minimum or maximum where that is known and lies in the bucket. [data plane] On the stack of one thread.
/// </summary>
internal ref struct BucketQuantile(double q, ulong count, double min, double max)
{
    /// <summary>0.07 x 100 is 7.000000000000001 in binary: what rounding added is no further observation.</summary>
    private const double Rounding = 1e-12;

    private readonly double _rank = Rank(q, count);
    private double _before;

    /// <summary>What was found; NaN until then.</summary>
    public double Value { get; private set; } = double.NaN;

    /// <summary>How far through its bucket the observation lies, above 0 and at most 1. True: it is in this one.</summary>
    public bool IsIn(ulong bucketCount, out double share)
    {
        share = (_rank - _before) / bucketCount;
        if (bucketCount == 0 || share > 1)
        {
            _before += bucketCount;
            return false;
        }
        return true;
    }

    /// <summary>
    /// Only the first and the last filled bucket can hold the minimum and the maximum: one that lies elsewhere contradicts the buckets, and is not believed.
    /// </summary>
    public void Found(double value, double lower, double upper, ulong bucketCount)
    {
        if (_before == 0 && min >= lower && min <= upper)
        {
            value = double.Max(value, min);
        }
        if (_before + bucketCount >= count && max >= lower && max <= upper)
        {
            value = double.Min(value, max);
        }
        Value = value;
    }

    public static double Rank(double q, ulong count)
    {
        double exact = double.Clamp(q, 0, 1) * count;
        return double.Max(1, Math.Ceiling(exact - (exact * Rounding)));
    }
}
