namespace Observability.Aggregator.Storage;

/// <summary>One (service, instance): what sends. Its fields are written by its owner alone and read by anyone.</summary>
internal sealed class Source(uint id, string service, string instance)
{
    private int _pushIntervalMs;
    private long _newestSampleNs;
    private long _newestReceivedNs;
    private long _clockOffsetNs;
    private long _received;
    private long _rejected;
    private long _duplicates;
    private long _replayed;

    public uint Id { get; } = id;

    public string Service { get; } = service;

    public string Instance { get; } = instance;

    /// <summary>The source's series; the index is <see cref="Storage.Series.Slot"/>.</summary>
    public PublishedList<Series> Series { get; } = new();

    /// <summary>0: never told.</summary>
    public int PushIntervalMs { get => Volatile.Read(ref _pushIntervalMs); set => Volatile.Write(ref _pushIntervalMs, value); }

    /// <summary>The greatest timestamp received, by the agent's clock.</summary>
    public long NewestSampleNs { get => Volatile.Read(ref _newestSampleNs); set => Volatile.Write(ref _newestSampleNs, value); }

    /// <summary>When the newest batch arrived, by the aggregator's clock.</summary>
    public long NewestReceivedNs { get => Volatile.Read(ref _newestReceivedNs); set => Volatile.Write(ref _newestReceivedNs, value); }

    /// <summary>The agent's own estimate: server minus agent.</summary>
    public long ClockOffsetNs { get => Volatile.Read(ref _clockOffsetNs); set => Volatile.Write(ref _clockOffsetNs, value); }

    /// <summary>Samples applied, without duplicates and replayed ones.</summary>
    public long Received { get => Volatile.Read(ref _received); set => Volatile.Write(ref _received, value); }

    public long Rejected { get => Volatile.Read(ref _rejected); set => Volatile.Write(ref _rejected, value); }

    /// <summary>Samples of batches that came again and were applied already.</summary>
    public long Duplicates { get => Volatile.Read(ref _duplicates); set => Volatile.Write(ref _duplicates, value); }

    /// <summary>Samples of replayed batches, which refill the memory of a restarted aggregator.</summary>
    public long Replayed { get => Volatile.Read(ref _replayed); set => Volatile.Write(ref _replayed, value); }

    public override string ToString() => $"{Service}/{Instance}";
}
