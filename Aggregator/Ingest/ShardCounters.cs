namespace Observability.Aggregator.Ingest;

/// <summary>What one shard has done. Only its thread writes; any thread reads. Unit of all but the first, fourth and last three: samples.</summary>
internal sealed class ShardCounters
{
    private long _batches;
    private long _received;
    private long _rejected;
    private long _malformed;
    private long _duplicates;
    private long _replayed;
    private long _replayRejected;
    private long _skippedSequences;
    private long _conflicts;
    private long _reportsIgnored;

    public long Batches => Volatile.Read(ref _batches);
    public long Received => Volatile.Read(ref _received);
    public long Rejected => Volatile.Read(ref _rejected);
    public long Malformed => Volatile.Read(ref _malformed);
    public long Duplicates => Volatile.Read(ref _duplicates);
    public long Replayed => Volatile.Read(ref _replayed);
    public long ReplayRejected => Volatile.Read(ref _replayRejected);
    public long SkippedSequences => Volatile.Read(ref _skippedSequences);
    public long Conflicts => Volatile.Read(ref _conflicts);
    public long ReportsIgnored => Volatile.Read(ref _reportsIgnored);

    public void CountBatch() => Add(ref _batches, 1);
    public void CountReceived(long samples) => Add(ref _received, samples);
    public void CountRejected(long samples) => Add(ref _rejected, samples);
    public void CountMalformed() => Add(ref _malformed, 1);
    public void CountDuplicates(long samples) => Add(ref _duplicates, samples);
    public void CountReplayed(long samples) => Add(ref _replayed, samples);
    public void CountReplayRejected(long samples) => Add(ref _replayRejected, samples);
    public void CountSkippedSequences(long sequences) => Add(ref _skippedSequences, sequences);
    public void CountConflict() => Add(ref _conflicts, 1);
    public void CountReportIgnored() => Add(ref _reportsIgnored, 1);

    private static void Add(ref long counter, long amount) => Volatile.Write(ref counter, counter + amount);
}
