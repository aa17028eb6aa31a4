using Observability.Aggregator.Histograms;
using Observability.Aggregator.Storage;

namespace Observability.Aggregator.Query;

/// <summary>Adds up the histograms of one or more series by steps.</summary>
internal sealed class HistogramSteps
{
    private readonly List<MergedHistogram?> _sums = [];

    public int StepCount { get; private set; }

    /// <summary>Measurements whose buckets could not be added to the others of their step, since their bounds differ.</summary>
    public ulong Apart => _sums.Aggregate(0UL, (total, sum) => total + (sum?.Apart ?? 0));

    public void Begin(int stepCount)
    {
        StepCount = stepCount;
        _sums.Clear();
        _sums.AddRange(Enumerable.Repeat<MergedHistogram?>(null, stepCount));
    }

    /// <param name="rows">The histograms.</param>
    /// <param name="fromNs">Begin of the first step.</param>
    /// <param name="stepNs">Length of a step.</param>
    /// <param name="factor">What the measurements are multiplied by, where their unit is not that of the answer.</param>
    public void Add(HistogramBuffer rows, long fromNs, long stepNs, double factor = 1)
    {
        for (int row = 0; row < rows.Count; row++)
        {
            int step = (int)((rows[row].TimestampNs - fromNs) / stepNs);
            if (step < 0 || step >= StepCount)
            {
                continue;
            }
            MergedHistogram sum = _sums[step] ??= new MergedHistogram();
            HistogramRow read = factor == 1 ? rows[row] : rows[row].MultipliedBy(factor);
            if (read.IsExplicit)
            {
                sum.Add(read, factor == 1 ? rows.ExplicitBounds(row) : [.. rows.ExplicitBounds(row).ToArray().Select(bound => bound * factor)], rows.ExplicitCounts(row));
            }
            else
            {
                sum.AddExponential(read, rows.PositiveCounts(row), rows.NegativeCounts(row));
            }
        }
    }

    public MergedHistogram? Of(int step) => _sums[step];

    public bool TryGet(int step, Aggregation aggregation, double quantile, long stepNs, out double value)
    {
        value = _sums[step] is { } sum ? Of(aggregation, stepNs, sum.Count, sum.Sum, sum.Min, sum.Max, () => sum.Quantile(quantile)) : double.NaN;
        return _sums[step] is not null;
    }

    private static double Of(Aggregation aggregation, long stepNs, double count, double sum, double min, double max, Func<double> quantile) => aggregation switch
    {
        Aggregation.Avg => sum / count,
        Aggregation.Min => min,
        Aggregation.Max => max,
        Aggregation.Sum => sum,
        Aggregation.Count or Aggregation.Increase => count,
        Aggregation.Rate => count / (stepNs / 1e9),
        Aggregation.Quantile => quantile(),
        _ => throw new System.Diagnostics.UnreachableException($"BUG: aggregation {aggregation} of histograms was not refused."),
    };
}
