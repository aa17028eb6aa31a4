using System.Text;
using Observability.Aggregator.Histograms;
using Observability.Aggregator.Storage;

namespace Observability.Aggregator.Export;

/// <summary>
/// The sum of a histogram series since its first sample: cumulative buckets for Prometheus. Exponential buckets are exposed at powers of
/// two; explicit ones at their own bounds, as long as these do not change.
/// </summary>
internal sealed class HistogramTotals(byte[] bucketHead)
{
    // 80 buckets of each sign cover 2^20 at a quarter of an octave; a wider range is kept more coarsely.
    private const int BucketsMax = 80;

    private readonly HistogramSum _sum = new(BucketsMax);
    private readonly ExplicitHistogramSum _explicitSum = new();
    private byte[][] _boundTexts = [];

    public double Count { get; private set; }

    public double Sum { get; private set; }

    /// <summary>The end of the first interval that was added; 0 before it.</summary>
    public long CreatedNs { get; private set; }

    /// <summary>Rows whose bounds differ from those the series began with: they count, but are in no bucket except the last.</summary>
    public long BoundsChanged { get; private set; }

    public void Add(HistogramBuffer rows, int row)
    {
        ref readonly HistogramRow read = ref rows[row];
        CreatedNs = CreatedNs == 0 ? read.TimestampNs : CreatedNs;
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

    /// <summary>The buckets, the last one of everything included. Returns the count of that one, and whether a bound is negative.</summary>
    public (double Count, bool HasNegativeBounds) WriteBuckets(in ExpositionWriter writer)
    {
        bool hasNegative = false;
        double total = _explicitSum.Rows > 0 ? WriteExplicit(writer, ref hasNegative) : WriteExponential(writer);
        double count = double.Max(Count, total);
        writer.Bucket(bucketHead, "+Inf"u8, count);
        return (count, hasNegative);
    }

    private double WriteExplicit(in ExpositionWriter writer, ref bool hasNegative)
    {
        ReadOnlySpan<double> bounds = _explicitSum.Bounds;
        if (_boundTexts.Length != bounds.Length)
        {
            _boundTexts = [.. bounds.ToArray().Select(bound => Encoding.UTF8.GetBytes(MetricNames.LabelNumber(bound)))];
        }
        double total = 0;
        double previous = double.NegativeInfinity;
        for (int index = 0; index < bounds.Length; index++)
        {
            total += _explicitSum.Counts[index];
            // A bound that does not rise, or is none, would make a line twice; its measurements are in the next one.
            if (bounds[index] > previous && double.IsFinite(bounds[index]))
            {
                writer.Bucket(bucketHead, _boundTexts[index], total);
                previous = bounds[index];
                hasNegative |= previous < 0;
            }
        }
        return total + _explicitSum.Counts[bounds.Length];
    }

    private double WriteExponential(in ExpositionWriter writer)
    {
        double total = _sum.ZeroCount;
        foreach (ulong count in _sum.Negative.Counts)
        {
            total += count;
        }
        ReadOnlySpan<ulong> counts = _sum.Positive.Counts;
        if (counts.IsEmpty)
        {
            writer.Bucket(bucketHead, "0.0"u8, total);
            return total;
        }
        // Below scale 0 every bucket's bound is a power of two already.
        int shift = int.Max(0, _sum.Scale);
        int widening = int.Max(0, -_sum.Scale);
        int index = 0;
        while (index < counts.Length)
        {
            long octave = (_sum.Positive.Offset + index) >> shift;
            while (index < counts.Length && (_sum.Positive.Offset + index) >> shift == octave)
            {
                total += counts[index++];
            }
            long power = widening > 11 ? (octave + 1 > 0 ? long.MaxValue : long.MinValue) : (octave + 1) << widening;
            if (PowersOfTwo.Text(power) is { } bound)
            {
                writer.Bucket(bucketHead, bound, total);
            }
        }
        return total;
    }
}

/// <summary>Powers of two as values of le, each made when it is first asked for.</summary>
file static class PowersOfTwo
{
    private const int PowerMin = -1074;
    private const int PowerMax = 1023;

    private static readonly byte[]?[] Texts = new byte[]?[PowerMax - PowerMin + 1];

    /// <summary>Null where a double has no such power: what lies there is in the bucket above.</summary>
    public static byte[]? Text(long power)
    {
        if (power is < PowerMin or > PowerMax)
        {
            return null;
        }
        ref byte[]? text = ref Texts[power - PowerMin];
        return text ??= Encoding.UTF8.GetBytes(MetricNames.LabelNumber(Math.ScaleB(1, (int)power)));
    }
}
