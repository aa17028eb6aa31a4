namespace Observability.Aggregator.Rings;

/// <summary>What a conflated sample has besides its last value. Count 0: the row beside it holds a plain sample.</summary>
internal struct AggregateSlot
{
    public double Min;
    public double Max;
    public double Sum;
    public ulong Count;
}
