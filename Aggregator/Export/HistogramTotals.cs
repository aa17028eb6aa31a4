using Observability.Aggregator.Histograms;
using Observability.Aggregator.Storage;

namespace Observability.Aggregator.Export;

/// <summary>
/// What a histogram series has come to since its first sample: cumulative buckets for Prometheus. Exponential buckets are exposed at powers of
/// two; explicit ones at their own bounds, as long as these do not change.
/// </summary>
internal sealed class HistogramTotals
{
    // 80 buckets of each sign cover 2^20 at a quarter of an octave; a wider range is kept more coarsely.
    private const int BucketsMax = 80;

    private readonly HistogramSum _sum = new(BucketsMax);
    private readonly ExplicitHistogramSum _explicitSum = new();

    public HistogramTotals()
    {
        _sum.Clear();
        _explicitSum.Clear();
    }

    public double Count { get; private set; }

    public double Sum { get; private set; }

    /// <summary>Rows whose bounds differ from those the series began with: they count, but are in no bucket except the last.</summary>
    public long BoundsChanged { get; private set; }

    public void Add(HistogramBuffer rows, int row)
    {
        ref readonly HistogramRow read = ref rows[row];
        Count += read.Count;
        Sum += read.Sum;
        if (!read.IsExplicit)
        {
            _sum.Add(read, rows.PositiveCounts(row), rows.NegativeCounts(row));
        }
        else if (!_explicitSum.TryAdd(read, rows.ExplicitBounds(row), rows.ExplicitCounts(row)))
        {
            BoundsChanged++;
        }
    }

    /// <summary>Cumulative counts by upper bound, without the last one of everything.</summary>
    public IEnumerable<(double UpperBound, double Count)> Buckets() => _explicitSum.Rows > 0 ? ExplicitBuckets() : ExponentialBuckets();

    private List<(double UpperBound, double Count)> ExplicitBuckets()
    {
        var buckets = new List<(double, double)>();
        double total = 0;
        for (int index = 0; index < _explicitSum.Bounds.Length; index++)
        {
            total += _explicitSum.Counts[index];
            buckets.Add((_explicitSum.Bounds[index], total));
        }
        return buckets;
    }

    private List<(double UpperBound, double Count)> ExponentialBuckets()
    {
        var buckets = new List<(double, double)>();
        double total = 0;
        foreach (ulong count in _sum.Negative.Counts)
        {
            total += count;
        }
        total += _sum.ZeroCount;
        if (_sum.Positive.Counts.IsEmpty)
        {
            buckets.Add((0, total));
            return buckets;
        }
        // Below scale 0 every bucket's bound is a power of two already.
        int shift = int.Max(0, _sum.Scale);
        int scale = int.Min(0, _sum.Scale);
        long index = 0;
        ReadOnlySpan<ulong> counts = _sum.Positive.Counts;
        while (index < counts.Length)
        {
            long octave = (_sum.Positive.Offset + index) >> shift;
            while (index < counts.Length && (_sum.Positive.Offset + index) >> shift == octave)
            {
                total += counts[(int)index++];
            }
            buckets.Add((Math.Pow(2, (octave + 1) * Math.ScaleB(1, -scale)), total));
        }
        return buckets;
    }
}
