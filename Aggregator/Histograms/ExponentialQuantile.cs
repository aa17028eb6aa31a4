namespace Observability.Aggregator.Histograms;

/// <summary>
/// Quantiles of exponential buckets: geometric interpolation inside the bucket, held within the known minimum and maximum. The relative error
/// is at most half a bucket's width, 2^(2^-scale) - 1.
/// </summary>
internal static class ExponentialQuantile
{
    public static double Of(HistogramSum histogram, double q)
    {
        if (histogram.Count == 0)
        {
            return double.NaN;
        }
        double value = Find(histogram, double.Clamp(q, 0, 1) * histogram.Count);
        double low = double.IsFinite(histogram.Min) ? double.Max(value, histogram.Min) : value;
        return double.IsFinite(histogram.Max) ? double.Min(low, histogram.Max) : low;
    }

    private static double Find(HistogramSum histogram, double rank)
    {
        double before = 0;
        ReadOnlySpan<ulong> negative = histogram.Negative.Counts;
        for (int index = negative.Length - 1; index >= 0; index--)
        {
            if (negative[index] != 0 && before + negative[index] >= rank)
            {
                // Among negatives the bucket's upper edge is the smaller magnitude: walk it from the far end.
                double share = 1 - ((rank - before) / negative[index]);
                return -Within(histogram.Scale, histogram.Negative.Offset + index, share);
            }
            before += negative[index];
        }
        if (histogram.ZeroCount != 0 && before + histogram.ZeroCount >= rank)
        {
            return 0;
        }
        before += histogram.ZeroCount;
        ReadOnlySpan<ulong> positive = histogram.Positive.Counts;
        double found = 0;
        for (int index = 0; index < positive.Length; index++)
        {
            if (positive[index] == 0)
            {
                continue;
            }
            double share = double.Min(1, (rank - before) / positive[index]);
            found = Within(histogram.Scale, histogram.Positive.Offset + index, share);
            if (before + positive[index] >= rank)
            {
                return found;
            }
            before += positive[index];
        }
        return found;
    }

    private static double Within(int scale, long index, double share) => Math.Pow(2, (index + share) * Math.ScaleB(1, -scale));
}
