namespace Observability.Aggregator.Storage;

/// <summary>Several measurements of a gauge merged into one sample; its timestamp is the interval's end.</summary>
internal readonly record struct AggregateSample(double Min, double Max, double Sum, double Last, ulong Count);
