using Observability.Aggregator.Streaming.Frames;

namespace Observability.Aggregator.Streaming;

/// <summary>
/// When each class may make its next frame, and whether it has anything to. Times are of a monotonic clock, in nanoseconds. One thread.
/// </summary>
internal sealed class FrameSchedule
{
    /// <summary>The sleep is given in milliseconds: what is due this soon is taken now rather than a millisecond late.</summary>
    private const long ToleranceNs = 300_000;

    /// <summary>A frame late by no more than this was held up by the sleep; the next one makes up for it, so that the class keeps its rate.</summary>
    private const long JitterNs = 2_000_000;

    private readonly long[] _dueNs = new long[RateClass.All.Length];
    private readonly long[] _notBeforeNs = new long[RateClass.All.Length];
    private readonly bool[] _hasNews = new bool[RateClass.All.Length];

    public bool HasNews(RateClass rate) => _hasNews[rate.Index];

    /// <summary>When the class's period since its last frame is over.</summary>
    public bool IsFree(RateClass rate, long nowNs) => nowNs + ToleranceNs >= _dueNs[rate.Index];

    public long FreeNs(RateClass rate) => _dueNs[rate.Index];

    public bool IsDue(RateClass rate, long nowNs) => _hasNews[rate.Index] && nowNs + ToleranceNs >= DueNs(rate);

    public long DueNs(RateClass rate) => long.Max(_dueNs[rate.Index], _notBeforeNs[rate.Index]);

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

    public void OnEmitted(RateClass rate, long nowNs)
    {
        bool isLate = nowNs - _dueNs[rate.Index] > JitterNs;
        _dueNs[rate.Index] = (isLate ? nowNs : _dueNs[rate.Index]) + rate.PeriodNs;
        _hasNews[rate.Index] = false;
    }

    /// <summary>How long to sleep; 0: not at all.</summary>
    public static int SleepMs(long untilNs, long nowNs)
    {
        long leftNs = untilNs - nowNs;
        return leftNs <= ToleranceNs ? 0 : (int)long.Clamp(leftNs / 1_000_000, 1, int.MaxValue);
    }
}
