using Observability.Aggregator.Storage;

namespace Observability.Aggregator.Histograms;

/// <summary>
/// Adds histograms of equal explicit bounds into one. Rows of other bounds are refused: the caller keeps them apart. [data plane] One thread;
/// allocates when it meets more bounds than ever before.
/// </summary>
internal sealed class ExplicitHistogramSum
{
    private double[] _bounds = [];
    private ulong[] _counts = [];
    private int _boundCount;

    private double _min = double.PositiveInfinity;
    private double _max = double.NegativeInfinity;

    public int Rows { get; private set; }

    public long TimestampNs { get; private set; }

    public ulong Count { get; private set; }

    public double Sum { get; private set; }

    public double Min => double.IsPositiveInfinity(_min) ? double.NaN : _min;

    public double Max => double.IsNegativeInfinity(_max) ? double.NaN : _max;

    public ReadOnlySpan<double> Bounds => _bounds.AsSpan(0, _boundCount);

    public ReadOnlySpan<ulong> Counts => _counts.AsSpan(0, Rows == 0 ? 0 : _boundCount + 1);

    /// <summary>The sum of all counts.</summary>
    public ulong BucketTotal { get; private set; }

    public void Clear()
    {
        BucketTotal = 0;
        Rows = 0;
        _boundCount = 0;
        TimestampNs = long.MinValue;
        Count = 0;
        Sum = 0;
        _min = double.PositiveInfinity;
        _max = double.NegativeInfinity;
    }

    public bool TryAdd(in HistogramRow row, ReadOnlySpan<double> bounds, ReadOnlySpan<ulong> counts)
    {
        if (Rows == 0)
        {
            Take(bounds);
        }
        else if (!bounds.SequenceEqual(Bounds))
        {
            return false;
        }
        for (int index = 0; index < counts.Length && index <= _boundCount; index++)
        {
            _counts[index] += counts[index];
            BucketTotal += counts[index];
        }
        Rows++;
        TimestampNs = long.Max(TimestampNs, row.TimestampNs);
        Count += row.Count;
        Sum += row.Sum;
        if (row.Count != 0)
        {
            _min = Math.Min(_min, row.Min);
            _max = Math.Max(_max, row.Max);
        }
        return true;
    }

    /// <summary><see cref="BucketQuantile"/> with linear interpolation inside the bucket, as Prometheus does; NaN where nothing says where the values lie.</summary>
    public double Quantile(double q)
    {
        ulong count = BucketTotal;
        if (count == 0 || _boundCount == 0)
        {
            return ExponentialQuantile.Unbucketed(Count, Min, Max, q);
        }
        BucketQuantile quantile = new(q, count, Min, Max);
        for (int index = 0; index <= _boundCount; index++)
        {
            if (quantile.IsIn(_counts[index], out double share))
            {
                (double lower, double upper) = BoundsOf(index);
                quantile.Found(Between(lower, upper, share), lower, upper, _counts[index]);
                break;
            }
        }
        return quantile.Value;
    }

    /// <summary>How many measurements are at most <paramref name="value"/>, spread evenly over their bucket as <see cref="Quantile"/> does.</summary>
    public double CountUpTo(double value)
    {
        double count = 0;
        for (int index = 0; index < Counts.Length && _boundCount > 0; index++)
        {
            (double lower, double upper) = BoundsOf(index);
            count += _counts[index] * (value >= upper ? 1 : value <= lower ? 0 : (value - lower) / (upper - lower));
        }
        return count;
    }

    /// <summary>The first bucket begins at the minimum, or at 0 as Prometheus has it; the last one ends at the maximum, or is as wide as nothing.</summary>
    private (double Lower, double Upper) BoundsOf(int index)
    {
        double first = _bounds[0];
        double last = _bounds[_boundCount - 1];
        double lower = index > 0 ? _bounds[index - 1] : Min <= first ? Min : double.Min(0, first);
        double upper = index < _boundCount ? _bounds[index] : Max >= last ? Max : last;
        return (lower, upper);
    }

    private static double Between(double lower, double upper, double share) =>
        double.IsFinite(lower) && double.IsFinite(upper) ? lower + ((upper - lower) * share) : double.IsFinite(lower) ? lower : upper;

    private void Take(ReadOnlySpan<double> bounds)
    {
        if (_bounds.Length < bounds.Length || _counts.Length == 0)
        {
            _bounds = new double[bounds.Length];
            _counts = new ulong[bounds.Length + 1];
        }
        bounds.CopyTo(_bounds);
        _boundCount = bounds.Length;
        _counts.AsSpan(0, _boundCount + 1).Clear();
    }
}
