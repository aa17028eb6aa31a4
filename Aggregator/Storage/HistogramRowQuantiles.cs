using Observability.Aggregator.Histograms;

namespace Observability.Aggregator.Storage;

/// <summary>Quantiles of single histograms of a buffer, whatever their buckets. Reuses its scratch; one thread at a time.</summary>
internal sealed class HistogramRowQuantiles(HistogramBuffer histograms)
{
    private readonly HistogramSum _sum = new();
    private readonly ExplicitHistogramSum _explicitSum = new();

    /// <param name="row">The histogram's place in the buffer.</param>
    /// <param name="quantile">0 to 1.</param>
    public double Of(int row, double quantile)
    {
        if (histograms[row].IsExplicit)
        {
            _explicitSum.Clear();
            _explicitSum.TryAdd(histograms[row], histograms.ExplicitBounds(row), histograms.ExplicitCounts(row));
            return _explicitSum.Quantile(quantile);
        }
        _sum.Clear();
        _sum.Add(histograms[row], histograms.PositiveCounts(row), histograms.NegativeCounts(row));
        return _sum.Quantile(quantile);
    }
}
