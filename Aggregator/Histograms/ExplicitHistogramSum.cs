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

    public void Clear()
    {
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

    /// <summary>Linear interpolation inside the bucket, as Prometheus does; NaN without measurements.</summary>
    public double Quantile(double q)
    {
        if (Count == 0 || Rows == 0)
        {
            return double.NaN;
        }
        double rank = double.Clamp(q, 0, 1) * Count;
        double before = 0;
        double value = double.NaN;
        for (int index = 0; index <= _boundCount; index++)
        {
            if (_counts[index] == 0)
            {
                continue;
            }
            double share = double.Clamp((rank - before) / _counts[index], 0, 1);
            value = Within(index, share);
            before += _counts[index];
            if (before >= rank)
            {
                break;
            }
        }
        double low = double.IsFinite(Min) ? double.Max(value, Min) : value;
        return double.IsFinite(Max) ? double.Min(low, Max) : low;
    }

    private double Within(int index, double share)
    {
        double lower = index > 0 ? _bounds[index - 1] : double.IsFinite(Min) ? Min : _boundCount > 0 ? double.Min(0, _bounds[0]) : 0;
        double upper = index < _boundCount ? _bounds[index] : double.IsFinite(Max) ? Max : lower;
        return double.IsFinite(lower) && double.IsFinite(upper) ? lower + ((upper - lower) * share) : double.IsFinite(lower) ? lower : upper;
    }

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
