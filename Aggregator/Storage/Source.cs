namespace Observability.Aggregator.Storage;

/// <summary>One (service, instance): what sends. Its fields are written by its owner alone and read by anyone.</summary>
internal sealed class Source(uint id, string service, string instance)
{
    private int _pushIntervalMs;
    private long _newestSampleNs;
    private long _newestReceivedNs;
    private long _clockOffsetNs;
    private ulong _sessionClockNs;
    private long _sessionStartedNs;
    private long _sessionSinceNs;
    private long _received;
    private long _rejected;
    private long _duplicates;
    private long _replayed;

    public uint Id { get; } = id;

    public string Service { get; } = service;

    public string Instance { get; } = instance;

    /// <summary>Set once, by its writer.</summary>
    internal SourceWriter Writer { get; set; } = null!;

    /// <summary>True once it is in the catalog no more; its name may come back as another source with another id.</summary>
    public bool IsEvicted => Writer.IsEvicted;

    /// <summary>The source's series; the index is <see cref="Storage.Series.Slot"/>.</summary>
    public PublishedList<Series> Series { get; } = new();

    /// <summary>0: never reported.</summary>
    public int PushIntervalMs { get => Volatile.Read(ref _pushIntervalMs); set => Volatile.Write(ref _pushIntervalMs, value); }

    /// <summary>The greatest timestamp received, by the agent's clock.</summary>
    public long NewestSampleNs { get => Volatile.Read(ref _newestSampleNs); set => Volatile.Write(ref _newestSampleNs, value); }

    /// <summary>When the newest batch arrived, by the aggregator's clock.</summary>
    public long NewestReceivedNs { get => Volatile.Read(ref _newestReceivedNs); set => Volatile.Write(ref _newestReceivedNs, value); }

    /// <summary>The agent's own estimate: server minus agent.</summary>
    public long ClockOffsetNs { get => Volatile.Read(ref _clockOffsetNs); set => Volatile.Write(ref _clockOffsetNs, value); }

    /// <summary>When the agent's present session began, which is when its counters were 0, by the aggregator's clock as far as known; 0: never reported.</summary>
    public long SessionStartedNs => Volatile.Read(ref _sessionStartedNs);

    /// <summary>When the present session was first heard of: what a series received before is of a former one.</summary>
    public long SessionSinceNs => Volatile.Read(ref _sessionSinceNs);

    /// <summary>Samples applied, without duplicates and replayed ones.</summary>
    public long Received { get => Volatile.Read(ref _received); set => Volatile.Write(ref _received, value); }

    public long Rejected { get => Volatile.Read(ref _rejected); set => Volatile.Write(ref _rejected, value); }

    /// <summary>Samples of batches that came again and were applied already.</summary>
    public long Duplicates { get => Volatile.Read(ref _duplicates); set => Volatile.Write(ref _duplicates, value); }

    /// <summary>Samples of replayed batches, which refill the memory of a restarted aggregator.</summary>
    public long Replayed { get => Volatile.Read(ref _replayed); set => Volatile.Write(ref _replayed, value); }

    /// <summary>What a report says of its session's beginning, by the agent's clock. Kept as it was first heard, so that it stands still.</summary>
    public void NoteSession(ulong startedAtNs, long nowNs)
    {
        if (startedAtNs == 0 || startedAtNs == _sessionClockNs)
        {
            return;
        }
        _sessionClockNs = startedAtNs;
        Volatile.Write(ref _sessionSinceNs, nowNs);
        // An agent whose clock is ahead cannot have begun after it was heard of.
        Volatile.Write(ref _sessionStartedNs, (long)ulong.Min(startedAtNs, (ulong)nowNs));
    }

    public override string ToString() => $"{Service}/{Instance}";
}
