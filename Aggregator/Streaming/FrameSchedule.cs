namespace Observability.Aggregator.Streaming;

/// <summary>
/// When each class may make its next frame, and whether it has anything to. Times are of a monotonic clock, in nanoseconds. One thread.
/// </summary>
internal sealed class FrameSchedule
{
    /// <summary>The sleep is given in milliseconds: what is due this soon is taken now rather than a millisecond late.</summary>
    private const long ToleranceNs = 300_000;

    private readonly long[] _dueNs = new long[RateClass.All.Count];
    private readonly bool[] _hasNews = new bool[RateClass.All.Count];

    public bool HasNews(RateClass rate) => _hasNews[rate.Index];

    public long DueNs(RateClass rate) => _dueNs[rate.Index];

    public bool IsPast(RateClass rate, long nowNs) => nowNs + ToleranceNs >= _dueNs[rate.Index];

    public bool IsDue(RateClass rate, long nowNs) => _hasNews[rate.Index] && IsPast(rate, nowNs);

    /// <summary>Something was stored: every class has news. A class whose time is past waits <paramref name="coalesceNs"/> for more.</summary>
    public void OnArrival(long nowNs, long coalesceNs)
    {
        for (int index = 0; index < _hasNews.Length; index++)
        {
            _hasNews[index] = true;
            _dueNs[index] = long.Max(_dueNs[index], nowNs + coalesceNs);
        }
    }

    /// <summary>The next frame is due one period after this one was, so that a late frame does not slow the class; after a pause, from now.</summary>
    public void OnEmitted(RateClass rate, long nowNs)
    {
        long dueNs = _dueNs[rate.Index];
        bool isLate = nowNs - dueNs > rate.PeriodNs / 2;
        _dueNs[rate.Index] = (isLate ? nowNs : dueNs) + rate.PeriodNs;
        _hasNews[rate.Index] = false;
    }

    /// <summary>How long to sleep; 0: not at all.</summary>
    public static int SleepMs(long untilNs, long nowNs)
    {
        long leftNs = untilNs - nowNs;
        return leftNs <= ToleranceNs ? 0 : (int)long.Clamp(leftNs / 1_000_000, 1, int.MaxValue);
    }
}
