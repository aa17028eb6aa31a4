namespace Observability.Aggregator.Streaming;

/// <summary>The last total a reader took of a counter, from which the next increase counts.</summary>
internal readonly record struct CounterMemory(bool IsKnown, ulong Total)
{
    public static CounterMemory Of(ulong total) => new(true, total);
}
