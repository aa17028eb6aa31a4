namespace Observability.Aggregator.Streaming;

/// <summary>What is left to read of one series' history: positions up to End whose timestamps lie in [FromNs, UntilNs).</summary>
internal struct HistoryRange
{
    public long Position;
    public long End;
    public long FromNs;
    public long UntilNs;
    public CounterMemory Memory;

    public readonly bool Contains(long timestampNs) => timestampNs >= FromNs && timestampNs < UntilNs;
}
