using System.Runtime.CompilerServices;

namespace Observability.Agent.Recording;

/// <summary>
/// Base-2 exponential histogram with a bounded number of buckets: a value that does not fit lowers the scale. One thread at a time.
/// </summary>
internal sealed class HistogramAccumulator
{
    /// <summary>0.07 x 100 is 7.000000000000001 in binary: what rounding added is no further measurement.</summary>
    private const double RankRounding = 1e-12;

    public long Count { get; private set; }

    public long ZeroCount { get; private set; }

    public double Sum { get; private set; }

    public double Min { get; private set; } = double.PositiveInfinity;

    public double Max { get; private set; } = double.NegativeInfinity;

    public int Scale { get; private set; } = BucketIndex.ScaleMax;

    public BucketRange Positive { get; } = new();

    public BucketRange Negative { get; } = new();

    /// <summary>Adds a finite value.</summary>
    public void Add(double value)
    {
        Count++;
        Sum += value;
        if (value < Min)
        {
            Min = value;
        }
        if (value > Max)
        {
            Max = value;
        }
        if (value > 0)
        {
            int index = BucketIndex.Of(value) >> (BucketIndex.ScaleMax - Scale);
            if (!Positive.TryAdd(index, 1))
            {
                AddOutside(Positive, index, 1);
            }
        }
        else
        {
            AddNotPositive(value);
        }
    }

    public void Merge(HistogramAccumulator other)
    {
        if (other.Count == 0)
        {
            return;
        }
        Count += other.Count;
        ZeroCount += other.ZeroCount;
        Sum += other.Sum;
        Min = Math.Min(Min, other.Min);
        Max = Math.Max(Max, other.Max);
        while (Scale > other.Scale)
        {
            Downscale();
        }
        MergeSide(Positive, other.Positive, other.Scale);
        MergeSide(Negative, other.Negative, other.Scale);
    }

    public void Clear()
    {
        Count = 0;
        ZeroCount = 0;
        Sum = 0;
        Min = double.PositiveInfinity;
        Max = double.NegativeInfinity;
        bool keepWindow = Scale == BucketIndex.ScaleMax;        // each interval starts at the finest scale again
        Positive.Clear(keepWindow);
        Negative.Clear(keepWindow);
        Scale = BucketIndex.ScaleMax;
    }

    /// <summary>
    /// The measurement of rank max(1, ceil(share x count)), interpolated inside its bucket by that rank; NaN when nothing was added. The aggregator and the page
    /// define it alike: proto/golden/quantiles.json.
    /// </summary>
    public double Quantile(double share)
    {
        if (Count == 0)
        {
            return double.NaN;
        }
        double exact = share * Count;
        double rank = Math.Max(1, Math.Ceiling(exact - (exact * RankRounding)));
        long below = 0;
        ReadOnlySpan<long> negative = Negative.Used(out int negativeFirst);
        for (int i = negative.Length - 1; i >= 0; i--)
        {
            if (negative[i] != 0 && rank <= below + negative[i])
            {
                return Interpolate(negativeFirst + i, 1 - ((rank - below) / negative[i]), sign: -1);
            }
            below += negative[i];
        }
        below += ZeroCount;
        if (rank <= below)
        {
            return 0;
        }
        ReadOnlySpan<long> positive = Positive.Used(out int positiveFirst);
        for (int i = 0; i < positive.Length; i++)
        {
            if (positive[i] != 0 && rank <= below + positive[i])
            {
                return Interpolate(positiveFirst + i, (rank - below) / positive[i], sign: 1);
            }
            below += positive[i];
        }
        return Max;
    }

    private double Interpolate(int index, double part, int sign)
    {
        double low = BucketIndex.LowerBound(index, Scale);
        double high = BucketIndex.LowerBound(index + 1, Scale);
        double magnitude = low * Math.Pow(high / low, Math.Clamp(part, 0, 1));
        return Math.Clamp(sign * magnitude, Min, Max);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void AddNotPositive(double value)
    {
        if (value == 0)
        {
            ZeroCount++;
            return;
        }
        int index = BucketIndex.Of(-value) >> (BucketIndex.ScaleMax - Scale);
        if (!Negative.TryAdd(index, 1))
        {
            AddOutside(Negative, index, 1);
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void AddOutside(BucketRange range, int index, long count)
    {
        while (!range.TryMakeRoom(index))
        {
            Downscale();
            index >>= 1;
        }
        range.TryAdd(index, count);
    }

    private void MergeSide(BucketRange range, BucketRange other, int otherScale)
    {
        ReadOnlySpan<long> counts = other.Used(out int firstIndex);
        for (int i = 0; i < counts.Length; i++)
        {
            if (counts[i] == 0)
            {
                continue;
            }
            int index = (firstIndex + i) >> (otherScale - Scale);
            if (!range.TryAdd(index, counts[i]))
            {
                AddOutside(range, index, counts[i]);
            }
        }
    }

    private void Downscale()
    {
        Scale--;
        Positive.Downscale();
        Negative.Downscale();
    }
}
