using Observability.Aggregator.Storage;

namespace Observability.Aggregator.Histograms;

/// <summary>
/// Adds exponential histograms of any scales into one, in fixed memory: the scale is lowered until its buckets fit, as OpenTelemetry does.
/// [data plane] One thread; allocates at construction only.
/// </summary>
internal sealed class HistogramSum(int bucketsMax = HistogramSum.BucketsMaxDefault)
{
    /// <summary>Of each sign. Twice OpenTelemetry's usual 160, so that a merge of instances rarely loses a scale.</summary>
    public const int BucketsMaxDefault = 320;

    // OpenTelemetry's scales go from -10 to 20. A sender's nonsense beyond is bounded here, so that no shift of an index wraps.
    private const int ScaleLimit = 30;

    private double _min = double.PositiveInfinity;
    private double _max = double.NegativeInfinity;

    public int Rows { get; private set; }

    /// <summary>The latest end of an interval.</summary>
    public long TimestampNs { get; private set; }

    public ulong Count { get; private set; }

    public double Sum { get; private set; }

    /// <summary>NaN while one of the rows with measurements does not know.</summary>
    public double Min => double.IsPositiveInfinity(_min) ? double.NaN : _min;

    public double Max => double.IsNegativeInfinity(_max) ? double.NaN : _max;

    public int Scale { get; private set; }

    public ulong ZeroCount { get; private set; }

    public BucketRun Positive { get; } = new(bucketsMax);

    public BucketRun Negative { get; } = new(bucketsMax);

    public void Clear()
    {
        Rows = 0;
        TimestampNs = long.MinValue;
        Count = 0;
        Sum = 0;
        _min = double.PositiveInfinity;
        _max = double.NegativeInfinity;
        Scale = 0;
        ZeroCount = 0;
        Positive.Clear();
        Negative.Clear();
    }

    public void Add(in HistogramRow row, ReadOnlySpan<ulong> positive, ReadOnlySpan<ulong> negative)
    {
        long positiveOffset = Trim(row.PositiveOffset, ref positive);
        long negativeOffset = Trim(row.NegativeOffset, ref negative);
        int rowScale = int.Clamp(row.Scale, -ScaleLimit, ScaleLimit);
        int ownScale = Rows == 0 ? rowScale : Scale;
        int scale = int.Min(ownScale, rowScale);
        // Ends: an index has 32 bits, so 32 steps down every bucket is one of two.
        while (Positive.Spans(ownScale - scale, positiveOffset, positive.Length, rowScale - scale) > bucketsMax
            || Negative.Spans(ownScale - scale, negativeOffset, negative.Length, rowScale - scale) > bucketsMax)
        {
            scale--;
        }
        Positive.Lower(ownScale - scale);
        Negative.Lower(ownScale - scale);
        Positive.Add(positiveOffset, positive, rowScale - scale);
        Negative.Add(negativeOffset, negative, rowScale - scale);
        Scale = scale;
        AddTotals(row);
    }

    /// <summary>The measurement of rank ceil(q x count), as far as the buckets know it; NaN without any.</summary>
    public double Quantile(double q) => ExponentialQuantile.Of(this, q);

    /// <summary>Measurements that buckets hold: a sender may leave them out.</summary>
    public ulong BucketTotal => Positive.Total + Negative.Total + ZeroCount;

    /// <summary>How many measurements are at most <paramref name="value"/>, spread evenly over their bucket as <see cref="Quantile"/> does.</summary>
    public double CountUpTo(double value) => ExponentialQuantile.CountUpTo(this, value);

    private static long Trim(long offset, ref ReadOnlySpan<ulong> counts)
    {
        int first = counts.IndexOfAnyExcept(0UL);
        if (first < 0)
        {
            counts = default;
            return offset;
        }
        counts = counts[first..(counts.LastIndexOfAnyExcept(0UL) + 1)];
        return offset + first;
    }

    private void AddTotals(in HistogramRow row)
    {
        Rows++;
        TimestampNs = long.Max(TimestampNs, row.TimestampNs);
        Count += row.Count;
        Sum += row.Sum;
        ZeroCount += row.ZeroCount;
        if (row.Count != 0)
        {
            // Math.Min and Max carry a NaN through: unknown once is unknown.
            _min = Math.Min(_min, row.Min);
            _max = Math.Max(_max, row.Max);
        }
    }
}
