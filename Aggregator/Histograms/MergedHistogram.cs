using Observability.Aggregator.Storage;

namespace Observability.Aggregator.Histograms;

/// <summary>
/// Histograms of any layouts as one, as a rolling deploy sends them: count, sum, minimum and maximum are whole, whatever the layouts. Buckets add up within a layout (the
/// exponential one, or equal explicit bounds); a quantile over several layouts is that of all their measurements, each where its own bucket says. One thread.
/// </summary>
internal sealed class MergedHistogram
{
    /// <summary>Explicit layouts kept apart; the measurements of further ones are in count, sum, minimum and maximum alone.</summary>
    public const int ExplicitLayoutsMax = 8;

    private const int BisectionsMax = 128;

    private readonly List<ExplicitHistogramSum> _explicit = [];
    private HistogramSum? _exponential;
    private double _min = double.PositiveInfinity;
    private double _max = double.NegativeInfinity;

    public ulong Count { get; private set; }

    public double Sum { get; private set; }

    /// <summary>NaN while one of the parts with measurements does not know.</summary>
    public double Min => double.IsPositiveInfinity(_min) ? double.NaN : _min;

    public double Max => double.IsNegativeInfinity(_max) ? double.NaN : _max;

    /// <summary>The layout with the most measurements, when it is the exponential one.</summary>
    public HistogramSum? Exponential => LargestExplicit is { } other && other.Count > (_exponential?.Count ?? 0) ? null : _exponential;

    /// <summary>The layout with the most measurements, when it is an explicit one.</summary>
    public ExplicitHistogramSum? Explicit => Exponential is null ? LargestExplicit : null;

    /// <summary>Measurements that are in the buckets of other layouts, or in none.</summary>
    public ulong Apart => Count - (Exponential?.BucketTotal ?? Explicit?.BucketTotal ?? 0);

    private ExplicitHistogramSum? LargestExplicit => _explicit.MaxBy(sum => sum.Count);

    public void Add(in HistogramRow row, ReadOnlySpan<double> bounds, ReadOnlySpan<ulong> counts)
    {
        AddTotals(row);
        foreach (ExplicitHistogramSum sum in _explicit)
        {
            if (sum.TryAdd(row, bounds, counts))
            {
                return;
            }
        }
        if (_explicit.Count < ExplicitLayoutsMax)
        {
            ExplicitHistogramSum first = new();
            first.Clear();
            first.TryAdd(row, bounds, counts);
            _explicit.Add(first);
        }
    }

    public void AddExponential(in HistogramRow row, ReadOnlySpan<ulong> positive, ReadOnlySpan<ulong> negative)
    {
        AddTotals(row);
        if (_exponential is null)
        {
            _exponential = new HistogramSum();
            _exponential.Clear();
        }
        _exponential.Add(row, positive, negative);
    }

    public double Quantile(double q)
    {
        if (_explicit.Count == 0)
        {
            return _exponential?.Quantile(q) ?? double.NaN;
        }
        return _explicit.Count == 1 && _exponential is null ? _explicit[0].Quantile(q) : QuantileOfAll(q);
    }

    /// <summary>The smallest value that as many measurements as the rank are not above, found by halving.</summary>
    private double QuantileOfAll(double q)
    {
        ulong count = _explicit.Aggregate(_exponential?.BucketTotal ?? 0, (total, sum) => total + sum.BucketTotal);
        double low = double.PositiveInfinity;
        double high = double.NegativeInfinity;
        foreach (Func<double, double> quantile in _explicit.Select<ExplicitHistogramSum, Func<double, double>>(sum => sum.Quantile).Append(p => _exponential?.Quantile(p) ?? double.NaN))
        {
            low = double.MinNumber(low, quantile(0));
            high = double.MaxNumber(high, quantile(1));
        }
        if (count == 0 || !(low <= high))
        {
            return double.NaN;
        }
        double rank = BucketQuantile.Rank(q, count);
        for (int i = 0; i < BisectionsMax && CountUpTo(low) < rank; i++)
        {
            double middle = low + ((high - low) / 2);
            if (middle <= low || middle >= high)
            {
                return high;
            }
            (low, high) = CountUpTo(middle) < rank ? (middle, high) : (low, middle);
        }
        return CountUpTo(low) < rank ? high : low;
    }

    private double CountUpTo(double value) => _explicit.Sum(sum => sum.CountUpTo(value)) + (_exponential?.CountUpTo(value) ?? 0);

    private void AddTotals(in HistogramRow row)
    {
        Count += row.Count;
        Sum += row.Sum;
        if (row.Count != 0)
        {
            // Math.Min and Max carry a NaN through: unknown once is unknown.
            _min = Math.Min(_min, row.Min);
            _max = Math.Max(_max, row.Max);
        }
    }
}
