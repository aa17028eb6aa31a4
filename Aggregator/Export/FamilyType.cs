namespace Observability.Aggregator.Export;

/// <summary>What TYPE says of a family.</summary>
internal enum FamilyType
{
    Counter,
    Gauge,
    Histogram,
    Summary,
    Untyped,
}
