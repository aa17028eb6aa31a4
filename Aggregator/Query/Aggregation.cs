namespace Observability.Aggregator.Query;

/// <summary>What becomes of the samples of one step.</summary>
internal enum Aggregation
{
    Avg,
    Min,
    Max,
    Sum,
    Count,
    First,
    Last,
    Increase,
    Rate,
    Quantile,
}
