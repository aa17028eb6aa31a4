using Observability.Aggregator.Storage;
using Observability.Aggregator.Streaming.Frames;

namespace Observability.Aggregator.Streaming;

/// <summary>
/// When each class may make its next frame, whether it has anything to, and until when the loop may sleep. Times are of a monotonic clock, in
/// nanoseconds. One thread.
/// <para>
/// The loop asks for arrivals only while a frame could be made at once, so that a busy aggregator does not wake it for each batch. Three cases, and in each one
/// something ends the sleep: a question is open, and the next arrival wakes; a frame is planned, and its time is known; neither, and the class's period ends.
/// </para>
/// </summary>
internal sealed class FrameSchedule
{
    /// <summary>The sleep is given in milliseconds: what is due this soon is taken now rather than a millisecond late.</summary>
    private const long ToleranceNs = 300_000;

    /// <summary>A frame late by no more than this was held up by the sleep; the next one makes up for it, so that the class keeps its rate.</summary>
    private const long JitterNs = 2_000_000;

    /// <summary>After a look that found nothing new in its streams a class rests this long, however many sources send what nobody watches.</summary>
    public const long FruitlessPauseNs = 1_000_000;

    private readonly long[] _dueNs = new long[RateClass.All.Length];
    private readonly long[] _notBeforeNs = new long[RateClass.All.Length];
    private readonly bool[] _hasNews = new bool[RateClass.All.Length];

    public bool HasNews(RateClass rate) => _hasNews[rate.Index];

    /// <summary>When the class's period since its last frame is over.</summary>
    public bool IsFree(RateClass rate, long nowNs) => nowNs + ToleranceNs >= _dueNs[rate.Index];

    public long FreeNs(RateClass rate) => _dueNs[rate.Index];

    public bool IsDue(RateClass rate, long nowNs) => _hasNews[rate.Index] && nowNs + ToleranceNs >= DueNs(rate);

    public long DueNs(RateClass rate) => long.Max(_dueNs[rate.Index], _notBeforeNs[rate.Index]);

    /// <summary>
    /// Takes what has arrived. Batches that woke us may be the first of several that were sent at the same moment: their frame waits
    /// <paramref name="coalesceNs"/>; what was there already has waited long enough.
    /// </summary>
    public void Take(ArrivalSignal arrivals, RateClass fastest, long nowNs, long coalesceNs)
    {
        bool isUseful = !HasNews(fastest) && IsFree(fastest, nowNs);
        // An open question is always followed up: its answer has already woken us, and does not come twice.
        if ((isUseful || arrivals.IsAsked) && arrivals.TryTake(out bool wasAwaited))
        {
            OnArrival(nowNs, wasAwaited ? coalesceNs : 0);
        }
    }

    /// <summary>When the loop has to act on <paramref name="rate"/> by itself; <see cref="long.MaxValue"/>: an arrival will wake it.</summary>
    public long ActNs(RateClass rate, bool isFastest, ArrivalSignal arrivals) =>
        HasNews(rate) ? DueNs(rate)
        : isFastest && !arrivals.IsAsked ? FreeNs(rate)
        : long.MaxValue;

    /// <summary>Something was stored: every class has news. Those without any before wait <paramref name="coalesceNs"/> for more.</summary>
    public void OnArrival(long nowNs, long coalesceNs)
    {
        for (int index = 0; index < _hasNews.Length; index++)
        {
            if (!_hasNews[index])
            {
                _hasNews[index] = true;
                _notBeforeNs[index] = nowNs + coalesceNs;
            }
        }
    }

    /// <summary>The class was looked at. Only a frame that was made takes up its period: a look in vain must not hold up the next sample.</summary>
    public void OnLooked(RateClass rate, long nowNs, bool madeFrame)
    {
        _hasNews[rate.Index] = false;
        if (!madeFrame)
        {
            _dueNs[rate.Index] = long.Max(_dueNs[rate.Index], nowNs + FruitlessPauseNs);
            return;
        }
        bool isLate = nowNs - _dueNs[rate.Index] > JitterNs;
        _dueNs[rate.Index] = (isLate ? nowNs : _dueNs[rate.Index]) + rate.PeriodNs;
    }

    /// <summary>How long to sleep; 0: not at all.</summary>
    public static int SleepMs(long untilNs, long nowNs)
    {
        long leftNs = untilNs - nowNs;
        return leftNs <= ToleranceNs ? 0 : (int)long.Clamp(leftNs / 1_000_000, 1, int.MaxValue);
    }
}
