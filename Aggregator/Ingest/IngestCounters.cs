namespace Observability.Aggregator.Ingest;

/// <summary>Totals of ingestion since the start, for status and metrics. Any thread.</summary>
internal sealed class IngestCounters(IngestShards shards)
{
    private int _streamsOpen;
    private long _streamsTotal;

    /// <summary>Batches taken from streams, malformed ones too.</summary>
    public long Batches => Sum(counters => counters.Batches);

    /// <summary>Samples applied: without duplicates and replayed ones.</summary>
    public long Received => Sum(counters => counters.Received);

    public long Rejected => Sum(counters => counters.Rejected);

    /// <summary>Batches of which nothing was applied, because they were malformed.</summary>
    public long Malformed => Sum(counters => counters.Malformed) + shards.MalformedFirst;

    /// <summary>Samples of batches that came again.</summary>
    public long Duplicates => Sum(counters => counters.Duplicates);

    public long Replayed => Sum(counters => counters.Replayed);

    /// <summary>Samples of replayed batches that could not be applied.</summary>
    public long ReplayRejected => Sum(counters => counters.ReplayRejected);

    /// <summary>Sequence numbers that never came: batches their sender dropped.</summary>
    public long SkippedSequences => Sum(counters => counters.SkippedSequences);

    /// <summary>Streams refused because another session of their service and instance is live.</summary>
    public long Conflicts => Sum(counters => counters.Conflicts);

    public long ReportsIgnored => Sum(counters => counters.ReportsIgnored);

    public int StreamsOpen => Volatile.Read(ref _streamsOpen);

    public long StreamsTotal => Volatile.Read(ref _streamsTotal);

    /// <summary>Samples rejected by reason, live and replayed, only reasons that occurred.</summary>
    public IReadOnlyDictionary<string, long> RejectedByReason()
    {
        SortedDictionary<string, long> byReason = new(StringComparer.Ordinal);
        for (RejectReason reason = RejectReason.None + 1; reason < RejectReason.Count; reason++)
        {
            long samples = shards.All.Sum(shard => Volatile.Read(in shard.Writer.RejectedByReason[(int)reason]));
            if (samples > 0)
            {
                byReason.Add(RejectTexts.Name(reason), samples);
            }
        }
        return byReason;
    }

    internal void OpenStream()
    {
        Interlocked.Increment(ref _streamsOpen);
        Interlocked.Increment(ref _streamsTotal);
    }

    internal void CloseStream() => Interlocked.Decrement(ref _streamsOpen);

    private long Sum(Func<ShardCounters, long> counter) => shards.All.Sum(shard => counter(shard.Counters));
}
