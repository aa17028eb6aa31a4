using Observability.Aggregator.Storage;

namespace Observability.Aggregator.Ingest;

/// <summary>
/// The owner of a part of all sources. A stream with messages asks for its turn: if nobody has the shard, it is run at once on the asking
/// thread; otherwise it waits in the shard's queue, which whoever has the shard empties before leaving. So only one thread at a time
/// writes a source, no lock is waited for, and under load one wake-up serves many streams. The queue is bounded by the streams: each is
/// in it at most once.
/// </summary>
internal sealed class IngestShard(BatchDecoder decoder, BatchWriter writer, int streamsPerTurnMax) : IThreadPoolWorkItem
{
    private const int Free = 0;
    private const int Taken = 1;

    private readonly Dictionary<(string Service, string Instance), SourceOwner> _owners = [];
    private long _sourcesEvicted;
    private IngestStream? _waiting;
    private int _turn;

    public BatchDecoder Decoder { get; } = decoder;

    public BatchWriter Writer { get; } = writer;

    public ShardCounters Counters { get; } = new();

    /// <summary>Runs the stream's work when the shard is its; completes when that is done. A stream asks for one turn at a time.</summary>
    public ValueTask RunAsync(IngestStream stream)
    {
        if (Interlocked.CompareExchange(ref _turn, Taken, Free) == Free)
        {
            stream.Run();
            Leave();
            return default;
        }
        ValueTask done = stream.WaitForTurn();
        Push(stream);
        // Whoever had the shard may have left before the push.
        if (Interlocked.CompareExchange(ref _turn, Taken, Free) == Free)
        {
            Leave();
        }
        return done;
    }

    /// <summary>
    /// The owner of a source, made if need be, with a hold on the source that the caller releases; null at the limit on sources. Only within a turn.
    /// </summary>
    public SourceOwner? Owner(TelemetryStore store, SeriesBudget budget, string service, string instance, Func<IdentityCache> createCache)
    {
        ForgetEvicted(store, budget);
        if (_owners.TryGetValue((service, instance), out SourceOwner? owner) && store.Catalog.TryHold(owner.Writer))
        {
            return owner;
        }
        SourceWriter? region;
        do
        {
            region = store.Catalog.TryOpenWriter(service, instance);
        }
        while (region is not null && !store.Catalog.TryHold(region));
        if (region is null)
        {
            return null;
        }
        if (owner is null)
        {
            owner = new SourceOwner(region, createCache());
            _owners.Add((service, instance), owner);
        }
        else
        {
            owner.Identities.ReturnTo(budget);
            owner.Reopen(region, createCache());
        }
        return owner;
    }

    /// <summary>
    /// What the owners of evicted sources took from the budget comes back. They themselves stay while there is room, since a session that comes back still
    /// has its batches applied once.
    /// </summary>
    private void ForgetEvicted(TelemetryStore store, SeriesBudget budget)
    {
        long evicted = store.Catalog.EvictedSources;
        if (evicted == _sourcesEvicted)
        {
            return;
        }
        _sourcesEvicted = evicted;
        foreach ((var identity, SourceOwner owner) in _owners)
        {
            if (owner.Writer.IsEvicted)
            {
                owner.Identities.ReturnTo(budget);
                if (_owners.Count > store.Options.SourcesMax)
                {
                    _owners.Remove(identity);
                }
            }
        }
    }

    /// <summary>Goes on where a turn was handed over to the thread pool.</summary>
    void IThreadPoolWorkItem.Execute() => Leave();

    /// <summary>Empties the queue, then gives the turn back; looks once more, since a stream may have come in between.</summary>
    private void Leave()
    {
        int ran = 0;
        while (true)
        {
            for (IngestStream? stream = TakeWaiting(); stream is not null;)
            {
                IngestStream? next = stream.NextWaiting;
                stream.NextWaiting = null;
                stream.Run();
                stream.FinishTurn();
                stream = next;
                ran++;
            }
            if (ran >= streamsPerTurnMax && Volatile.Read(ref _waiting) is not null)
            {
                // This thread has a stream of its own to serve: another one takes the turn over as it is.
                ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
                return;
            }
            Interlocked.Exchange(ref _turn, Free);
            if (Volatile.Read(ref _waiting) is null || Interlocked.CompareExchange(ref _turn, Taken, Free) != Free)
            {
                return;
            }
        }
    }

    private void Push(IngestStream stream)
    {
        IngestStream? head;
        do
        {
            head = Volatile.Read(ref _waiting);
            stream.NextWaiting = head;
        }
        while (Interlocked.CompareExchange(ref _waiting, stream, head) != head);
    }

    /// <summary>All that wait, in the order in which they came.</summary>
    private IngestStream? TakeWaiting()
    {
        IngestStream? stack = Volatile.Read(ref _waiting) is null ? null : Interlocked.Exchange(ref _waiting, null);
        IngestStream? queue = null;
        while (stack is not null)
        {
            IngestStream? next = stack.NextWaiting;
            stack.NextWaiting = queue;
            queue = stack;
            stack = next;
        }
        return queue;
    }
}
