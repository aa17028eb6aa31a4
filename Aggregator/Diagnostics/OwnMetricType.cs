namespace Observability.Aggregator.Diagnostics;

internal enum OwnMetricType
{
    Counter,
    Gauge,
    Histogram,
    Summary,
    Untyped,
}
