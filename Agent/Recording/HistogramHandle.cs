using System.Numerics;
using System.Runtime.CompilerServices;
using Observability.Agent.Recording;

namespace Observability.Agent;

/// <summary>
/// A histogram: a distribution of measurements, sent as the buckets of each push interval. Any thread; a call owns one stripe for the time of
/// one addition and takes another stripe when that one is busy.
/// </summary>
public sealed class HistogramHandle : InstrumentHandle
{
    private static readonly int StripeCount = (int)BitOperations.RoundUpToPowerOf2((uint)Math.Clamp(Environment.ProcessorCount, 2, 8));

    private readonly HistogramStripe?[] _stripes = new HistogramStripe?[StripeCount];

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
