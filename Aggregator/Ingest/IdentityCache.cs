using Observability.Aggregator.Storage;

namespace Observability.Aggregator.Ingest;

/// <summary>
/// [Data plane] The identities of one source, found by the bytes of name and labels, labels in any order. Only its owner uses it.
/// Full means refuse: what is not in it is then past the limit on series.
/// </summary>
internal sealed class IdentityCache(int countMax, long seed)
{
    private WireIdentity?[] _buckets = new WireIdentity?[16];

    public long Seed { get; } = seed;

    public int Count { get; private set; }

    /// <summary>The totals of what is past a limit, by metric name. Bounded by the budget for overflow series.</summary>
    public Dictionary<string, OverflowTotal> Overflows { get; } = new(StringComparer.Ordinal);

    public bool IsFull => Count >= countMax;

    /// <summary>Grows whenever an identity gets its series.</summary>
    public long BoundVersion { get; private set; }

    /// <summary>What <see cref="SourceWriter.EvictionVersion"/> was when identities of series that left were last looked for.</summary>
    public long EvictionVersion { get; private set; }

    /// <summary>The identity that a message is expected to begin with.</summary>
    public WireIdentity? First { get; set; }

    public WireIdentity? Find(ReadOnlySpan<byte> message, IdentitySpans spans, ulong hash)
    {
        WireIdentity? identity = _buckets[hash & (uint)(_buckets.Length - 1)];
        while (identity is not null && (identity.Hash != hash || !identity.Matches(message, spans)))
        {
            identity = identity.Chain;
        }
        return identity;
    }

    public WireIdentity Add(ReadOnlySpan<byte> message, IdentitySpans spans, ulong hash)
    {
        if (Count == _buckets.Length)
        {
            Grow();
        }
        WireIdentity identity = new(message, spans, hash);
        Link(_buckets, identity);
        Count++;
        return identity;
    }

    public void Bind(WireIdentity identity, Series series)
    {
        identity.Series = series;
        BoundVersion++;
    }

    /// <summary>
    /// Forgets the identities of series that have left; a stream's refs may still name them, and such a one comes back by <see cref="TakeBack"/>. Returns how many.
    /// </summary>
    public int DropEvicted(long evictionVersion)
    {
        EvictionVersion = evictionVersion;
        BoundVersion++;
        return Keep(static identity =>
        {
            if (identity.Series is not { IsEvicted: true })
            {
                return true;
            }
            identity.Series = null;
            identity.IsDropped = true;
            identity.ReturnName();
            return false;
        });
    }

    /// <summary>An identity that was dropped, and that a ref still stood for.</summary>
    public void TakeBack(WireIdentity identity)
    {
        if (Count == _buckets.Length)
        {
            Grow();
        }
        identity.IsDropped = false;
        Link(_buckets, identity);
        Count++;
    }

    /// <summary>Gives back all that its identities took from the budget: the source has left.</summary>
    public void ReturnTo(SeriesBudget budget)
    {
        budget.Identities.Return(Keep(static identity =>
        {
            identity.ReturnName();
            return false;
        }));
        _buckets = new WireIdentity?[1];
        budget.Overflow.Return(Overflows.Count);
        Overflows.Clear();
    }

    /// <summary>Forgets identities that were declared and never got a series. Returns how many; called when the source has no stream left.</summary>
    public int DropUnbound() => Keep(static identity => identity.Series is not null);

    private int Keep(Func<WireIdentity, bool> isKept)
    {
        WireIdentity?[] kept = new WireIdentity?[_buckets.Length];
        int before = Count;
        Count = 0;
        First = null;
        foreach (WireIdentity? bucket in _buckets)
        {
            for (WireIdentity? identity = bucket; identity is not null;)
            {
                WireIdentity? next = identity.Chain;
                identity.Next = null;
                if (isKept(identity))
                {
                    Link(kept, identity);
                    Count++;
                }
                identity = next;
            }
        }
        _buckets = kept;
        return before - Count;
    }

    private void Grow()
    {
        WireIdentity?[] larger = new WireIdentity?[_buckets.Length * 2];
        foreach (WireIdentity? bucket in _buckets)
        {
            for (WireIdentity? identity = bucket; identity is not null;)
            {
                WireIdentity? next = identity.Chain;
                Link(larger, identity);
                identity = next;
            }
        }
        _buckets = larger;
    }

    private static void Link(WireIdentity?[] buckets, WireIdentity identity)
    {
        ref WireIdentity? bucket = ref buckets[identity.Hash & (uint)(buckets.Length - 1)];
        identity.Chain = bucket;
        bucket = identity;
    }
}
