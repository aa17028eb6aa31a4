namespace Observability.Aggregator.Storage;

/// <summary>What a series' values mean. The numbers are those of the streaming frame.</summary>
internal enum SeriesKind : byte
{
    Gauge = 1,
    Counter = 2,
    Histogram = 3,
}
