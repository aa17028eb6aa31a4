namespace Observability.Aggregator.Diagnostics;

/// <summary>A feature that counts. It tells its counters to whoever exposes them, without knowing how.</summary>
internal interface IMetricSource
{
    IEnumerable<OwnMetric> Read();
}
