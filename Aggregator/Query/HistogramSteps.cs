using Observability.Aggregator.Histograms;
using Observability.Aggregator.Storage;

namespace Observability.Aggregator.Query;

/// <summary>Adds up the histograms of one or more series by steps. Explicit and exponential ones are kept apart; a step has the former's value when it has any.</summary>
internal sealed class HistogramSteps
{
    private readonly List<HistogramSum?> _sums = [];
    private readonly List<ExplicitHistogramSum?> _explicitSums = [];

    /// <summary>Rows whose bounds differ from the others of their step.</summary>
    public long BoundsDiffer { get; private set; }

    public int StepCount { get; private set; }

    public void Begin(int stepCount)
    {
        StepCount = stepCount;
        BoundsDiffer = 0;
        _sums.Clear();
        _explicitSums.Clear();
        _sums.AddRange(Enumerable.Repeat<HistogramSum?>(null, stepCount));
        _explicitSums.AddRange(Enumerable.Repeat<ExplicitHistogramSum?>(null, stepCount));
    }

    public void Add(HistogramBuffer rows, long fromNs, long stepNs)
    {
        for (int row = 0; row < rows.Count; row++)
        {
            int step = (int)((rows[row].TimestampNs - fromNs) / stepNs);
            if (step < 0 || step >= StepCount)
            {
                continue;
            }
            if (rows[row].IsExplicit)
            {
                ExplicitHistogramSum sum = _explicitSums[step] ??= CreateExplicitSum();
                BoundsDiffer += sum.TryAdd(rows[row], rows.ExplicitBounds(row), rows.ExplicitCounts(row)) ? 0 : 1;
            }
            else
            {
                HistogramSum sum = _sums[step] ??= CreateSum();
                sum.Add(rows[row], rows.PositiveCounts(row), rows.NegativeCounts(row));
            }
        }
    }

    /// <summary>Null when the step has none of that form.</summary>
    public ExplicitHistogramSum? ExplicitOf(int step) => _explicitSums[step] is { Rows: > 0 } sum ? sum : null;

    public HistogramSum? ExponentialOf(int step) => _sums[step] is { Rows: > 0 } sum ? sum : null;

    public bool TryGet(int step, Aggregation aggregation, double quantile, long stepNs, out double value)
    {
        if (_explicitSums[step] is { Rows: > 0 } isExplicit)
        {
            value = Of(aggregation, stepNs, isExplicit.Count, isExplicit.Sum, isExplicit.Min, isExplicit.Max, () => isExplicit.Quantile(quantile));
            return true;
        }
        if (_sums[step] is { Rows: > 0 } sum)
        {
            value = Of(aggregation, stepNs, sum.Count, sum.Sum, sum.Min, sum.Max, () => sum.Quantile(quantile));
            return true;
        }
        value = double.NaN;
        return false;
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

    private static HistogramSum CreateSum()
    {
        var sum = new HistogramSum();
        sum.Clear();
        return sum;
    }

    private static ExplicitHistogramSum CreateExplicitSum()
    {
        var sum = new ExplicitHistogramSum();
        sum.Clear();
        return sum;
    }
}
