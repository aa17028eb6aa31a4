using System.Numerics;
using System.Runtime.CompilerServices;
using Observability.Agent.Recording;

namespace Observability.Agent;

/// <summary>
/// A histogram: a distribution of measurements, sent as the buckets of each push interval. Any thread; the first thread that records often has a
/// stripe of its own, every other call owns one stripe for the time of one addition and takes another stripe when that one is busy.
/// </summary>
public sealed class HistogramHandle : InstrumentHandle
{
    private static readonly int StripeCount = (int)BitOperations.RoundUpToPowerOf2((uint)Math.Clamp(Environment.ProcessorCount, 2, 8));

    private readonly HistogramStripe?[] _stripes = new HistogramStripe?[StripeCount];

    private OwnedStripe? _owned;            // set once
    private int _recordsShared;             // inexact: threads may overwrite each other's count

    internal HistogramHandle(SeriesIdentity identity, int seriesRef, RecordingDrops drops, DropReason? refusal)
        : base(identity, SeriesKind.Histogram, seriesRef, drops, refusal)
    {
    }

    /// <summary>Records a measurement. NaN and infinities are dropped and counted.</summary>
    public void Record(double value)
    {
        if (SeriesRef == 0 || !double.IsFinite(value))
        {
            Refuse();
            return;
        }
        OwnedStripe? owned = Volatile.Read(ref _owned);
        if (owned is not null && owned.OwnerThreadId == Environment.CurrentManagedThreadId && owned.TryEnter())
        {
            owned.Values.Add(value);
            owned.Exit();
            return;
        }
        RecordShared(value, owned);
    }

    /// <summary>
    /// Before <see cref="DrainTo"/> of several histograms: true when a barrier of the whole process must come in between. Saves all but one of them.
    /// </summary>
    internal bool AskOwner()
    {
        if (Volatile.Read(ref _owned) is not { Values.Count: > 0 } owned)
        {
            return false;
        }
        owned.Ask();
        return true;
    }

    private void RecordShared(double value, OwnedStripe? owned)
    {
        if (owned is null && ++_recordsShared >= RecordsBeforeOwner)
        {
            Interlocked.CompareExchange(ref _owned, new OwnedStripe(Environment.CurrentManagedThreadId), null);
        }
        HistogramStripe?[] stripes = _stripes;
        HistogramStripe? stripe = stripes[Environment.CurrentManagedThreadId & (stripes.Length - 1)];
        if (stripe is null || !stripe.TryEnter())
        {
            stripe = EnterAny();
        }
        stripe.Values.Add(value);
        stripe.Exit();
    }

    /// <summary>
    /// Moves what was recorded since the last call into the destination. A stripe whose owner was interrupted is left for the next call,
    /// so the push thread never waits for long.
    /// </summary>
    internal void DrainTo(HistogramAccumulator destination)
    {
        if (_owned is { } owned && (owned.IsAsked || AskOwnerAlone()))
        {
            owned.DrainTo(destination);
        }
        foreach (HistogramStripe? stripe in _stripes)
        {
            if (stripe is not null && TryEnterSoon(stripe))
            {
                if (stripe.Values.Count != 0)
                {
                    destination.Merge(stripe.Values);
                    stripe.Values.Clear();
                }
                stripe.Exit();
            }
        }
    }

    private bool AskOwnerAlone()
    {
        if (!AskOwner())
        {
            return false;
        }
        Interlocked.MemoryBarrierProcessWide();
        return true;
    }

    private static bool TryEnterSoon(HistogramStripe stripe)
    {
        const int attemptsMax = 64;
        for (int attempt = 0; attempt < attemptsMax; attempt++)
        {
            if (stripe.TryEnter())
            {
                return true;
            }
            Thread.SpinWait(16);
        }
        return false;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private HistogramStripe EnterAny()
    {
        var spin = new SpinWait();
        int start = Environment.CurrentManagedThreadId;
        while (true)
        {
            for (int i = 0; i < _stripes.Length; i++)
            {
                ref HistogramStripe? slot = ref _stripes[(start + i) & (_stripes.Length - 1)];
                HistogramStripe? stripe = Volatile.Read(ref slot);
                if (stripe is null)
                {
                    var added = new HistogramStripe();
                    stripe = Interlocked.CompareExchange(ref slot, added, null) ?? added;
                }
                if (stripe.TryEnter())
                {
                    return stripe;
                }
            }
            spin.SpinOnce();
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void Refuse()
    {
        if (SeriesRef == 0)
        {
            CountRefused();
        }
        else
        {
            Drops.Count(DropReason.NotFinite);
        }
    }
}

/// <summary>
/// One part of a histogram, owned by one thread at a time: entering is a single exchange and never waits, so a thread that finds a stripe
/// taken goes on to another. Whoever owns it sees a measurement whole: count, sum, extremes and bucket always agree.
/// </summary>
internal sealed class HistogramStripe
{
    private int _isOwned;

    public HistogramAccumulator Values { get; } = new();

    public bool TryEnter() => Interlocked.Exchange(ref _isOwned, 1) == 0;

    public void Exit() => Volatile.Write(ref _isOwned, 0);
}
