namespace Observability.Aggregator.Storage;

/// <summary>What became of samples behind the rings. Written by the sealer alone, read by anyone.</summary>
internal sealed class HistoryCounters
{
    private long _sealedSamples;
    private long _lostSamples;
    private long _lateSamples;
    private long _evictedBytes;
    private long _parkedRings;

    /// <summary>Samples compressed.</summary>
    public long SealedSamples { get => Volatile.Read(ref _sealedSamples); set => Volatile.Write(ref _sealedSamples, value); }

    /// <summary>Samples overwritten before they could be compressed.</summary>
    public long LostSamples { get => Volatile.Read(ref _lostSamples); set => Volatile.Write(ref _lostSamples, value); }

    /// <summary>Samples older than one that their series had before: kept in the order of arrival.</summary>
    public long LateSamples { get => Volatile.Read(ref _lateSamples); set => Volatile.Write(ref _lateSamples, value); }

    /// <summary>Bytes of history forgotten because the budget was used up.</summary>
    public long EvictedBytes { get => Volatile.Read(ref _evictedBytes); set => Volatile.Write(ref _evictedBytes, value); }

    /// <summary>How often an idle ring gave its memory back.</summary>
    public long ParkedRings { get => Volatile.Read(ref _parkedRings); set => Volatile.Write(ref _parkedRings, value); }
}
