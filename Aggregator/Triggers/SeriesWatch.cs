using Observability.Aggregator.Storage;

namespace Observability.Aggregator.Triggers;

/// <summary>
/// [Data plane] One rule on one series: a state machine over its samples in the order of their timestamps. Engine's thread only.
/// </summary>
internal sealed class SeriesWatch
{
    // As long as a series takes to count as stale; then its line ends too.
    private const long GapNsMax = 5_000_000_000;

    private readonly TriggerRule _rule;
    private readonly RateWindow? _rate;
    private long _clearSinceNs;
    private long _endedNs = long.MinValue / 2;

    public SeriesWatch(TriggerRule rule, Series series, long cursor)
    {
        _rule = rule;
        Series = series;
        Cursor = cursor;
        _rate = rule.Measure == TriggerMeasure.Rate ? new RateWindow(series.Kind, rule.OverNs(series.Kind)) : null;
    }

    public Series Series { get; }

    /// <summary>Where the next unseen sample is.</summary>
    public long Cursor;

    public WatchState State { get; private set; }

    /// <summary>Since when the condition holds.</summary>
    public long SinceNs { get; private set; }

    /// <summary>The measure at the newest sample.</summary>
    public double Value { get; private set; } = double.NaN;

    /// <summary>The furthest the measure went in this firing.</summary>
    public double Peak { get; private set; }

    public long NewestNs { get; private set; }

    /// <summary>The firing that is on; the engine's.</summary>
    public Firing? Current { get; set; }

    /// <summary>Takes one sample: the value that meets the condition first, and the one that stands at its end.</summary>
    public WatchChange Take(long timestampNs, double value, double last)
    {
        if (timestampNs < NewestNs)
        {
            return WatchChange.None;                        // late: what came after it has been judged already
        }
        if (timestampNs - NewestNs > GapNsMax)
        {
            // Nothing is known about the time between: a condition must be seen to hold.
            _rate?.Restart();
            State = State == WatchState.Pending ? WatchState.Inactive : State;
        }
        NewestNs = timestampNs;
        if (_rate is not null && !_rate.TryAdd(timestampNs, last, out value))
        {
            return WatchChange.None;
        }
        Value = value;
        return State == WatchState.Firing ? WhileFiring(timestampNs, value) : WhileQuiet(timestampNs, value);
    }

    /// <summary>What the rule measures of a histogram; one without a measurement has none.</summary>
    public double ValueOf(in HistogramRow row) => _rule.Measure switch
    {
        TriggerMeasure.Count => row.Count,
        _ when row.Count == 0 => double.NaN,
        TriggerMeasure.Min => row.Min,
        TriggerMeasure.Max => row.Max,
        _ => row.Sum / row.Count,
    };

    public double ExtremeOf(double min, double max, double last) => _rule.Condition.Extreme(min, max, last);

    /// <summary>Ends what is on, because nothing more is known of the series.</summary>
    public WatchChange Forget()
    {
        bool wasFiring = State == WatchState.Firing;
        State = WatchState.Inactive;
        _endedNs = wasFiring ? NewestNs : _endedNs;
        return wasFiring ? WatchChange.Ended : WatchChange.None;
    }

    private WatchChange WhileQuiet(long timestampNs, double value)
    {
        if (!_rule.Condition.Holds(value, _rule.Threshold))
        {
            State = WatchState.Inactive;
            return WatchChange.None;
        }
        if (State == WatchState.Inactive)
        {
            State = WatchState.Pending;
            SinceNs = timestampNs;
        }
        if (timestampNs - SinceNs < _rule.ForNs || timestampNs - _endedNs < _rule.HoldoffNs)
        {
            return WatchChange.None;
        }
        State = WatchState.Firing;
        Peak = value;
        _clearSinceNs = 0;
        return WatchChange.Fired;
    }

    private WatchChange WhileFiring(long timestampNs, double value)
    {
        if (_rule.Condition.Holds(value, _rule.ClearThreshold))
        {
            Peak = _rule.Condition.IsFurther(value, Peak) ? value : Peak;
            _clearSinceNs = 0;
            return WatchChange.None;
        }
        _clearSinceNs = _clearSinceNs == 0 ? timestampNs : _clearSinceNs;
        if (timestampNs - _clearSinceNs < _rule.ClearForNs)
        {
            return WatchChange.None;
        }
        State = WatchState.Inactive;
        _endedNs = timestampNs;
        return WatchChange.Ended;
    }
}
