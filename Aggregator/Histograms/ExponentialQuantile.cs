namespace Observability.Aggregator.Histograms;

/// <summary>
/// Quantiles of exponential buckets: <see cref="BucketQuantile"/> with geometric interpolation inside the bucket. The relative error is at most a bucket's
/// width, 2^(2^-scale) - 1.
/// </summary>
internal static class ExponentialQuantile
{
    public static double Of(HistogramSum histogram, double q)
    {
        ulong count = histogram.BucketTotal;
        if (count == 0)
        {
            return Unbucketed(histogram.Count, histogram.Min, histogram.Max, q);
        }
        BucketQuantile quantile = new(q, count, histogram.Min, histogram.Max);
        ReadOnlySpan<ulong> negative = histogram.Negative.Counts;
        for (int index = negative.Length - 1; index >= 0; index--)
        {
            if (quantile.IsIn(negative[index], out double share))
            {
                // Of negative values the larger magnitude is the smaller value: the bucket is walked from its far end.
                (double lower, double upper) = Bounds(histogram.Scale, histogram.Negative.Offset + index);
                quantile.Found(-Between(lower, upper, 1 - share), -upper, -lower, negative[index]);
                return quantile.Value;
            }
        }
        if (quantile.IsIn(histogram.ZeroCount, out _))
        {
            return 0;
        }
        ReadOnlySpan<ulong> positive = histogram.Positive.Counts;
        for (int index = 0; index < positive.Length; index++)
        {
            if (quantile.IsIn(positive[index], out double share))
            {
                (double lower, double upper) = Bounds(histogram.Scale, histogram.Positive.Offset + index);
                quantile.Found(Between(lower, upper, share), lower, upper, positive[index]);
                break;
            }
        }
        return quantile.Value;
    }

    /// <summary>A sender may leave the buckets out: then all that is known is that the values lie between minimum and maximum, evenly for want of better.</summary>
    public static double Unbucketed(ulong count, double min, double max, double q)
    {
        if (count == 0 || double.IsNaN(min) || double.IsNaN(max))
        {
            return double.NaN;
        }
        BucketQuantile quantile = new(q, count, min, max);
        return quantile.IsIn(count, out double share) ? min + ((max - min) * share) : max;
    }

    public static double CountUpTo(HistogramSum histogram, double value)
    {
        double count = value >= 0 ? histogram.ZeroCount : 0;
        for (int index = 0; index < histogram.Positive.Counts.Length && value > 0; index++)
        {
            count += histogram.Positive.Counts[index] * Share(histogram.Scale, histogram.Positive.Offset + index, value);
        }
        for (int index = 0; index < histogram.Negative.Counts.Length; index++)
        {
            count += histogram.Negative.Counts[index] * (value >= 0 ? 1 : 1 - Share(histogram.Scale, histogram.Negative.Offset + index, -value));
        }
        return count;
    }

    /// <summary>How far through the bucket a magnitude lies, 0 to 1.</summary>
    private static double Share(int scale, long index, double magnitude) => double.Clamp((Math.Log2(magnitude) * Math.ScaleB(1, scale)) - index, 0, 1);

    private static (double Lower, double Upper) Bounds(int scale, long index) => (Power(scale, index), Power(scale, index + 1));

    private static double Power(int scale, long index) => Math.Pow(2, index * Math.ScaleB(1, -scale));

    private static double Between(double lower, double upper, double share) => lower * Math.Pow(upper / lower, share);
}
