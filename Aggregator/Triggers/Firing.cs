namespace Observability.Aggregator.Triggers;

internal enum CaptureState
{
    /// <summary>The seconds after are still to come.</summary>
    Pending,
    Ready,

    /// <summary>Not kept, or no longer: a limit was met.</summary>
    Dropped,
}

internal enum DeliveryState
{
    Pending,
    Delivered,
    Failed,
}

/// <summary>One firing of a rule on a series. Made and ended by the engine's thread; its states are read by any.</summary>
internal sealed class Firing(long id, TriggerRule rule, SeriesIdentity series, long sinceNs, long timestampNs, double value)
{
    private double _peak = value;
    private long _endedNs;
    private string? _end;
    private int _capture;
    private int _delivery = -1;

    /// <summary>From 1, in the order of firing.</summary>
    public long Id { get; } = id;

    public TriggerRule Rule { get; } = rule;

    public SeriesIdentity Series { get; } = series;

    /// <summary>Since when the condition held, by the sample's timestamp.</summary>
    public long SinceNs { get; } = sinceNs;

    /// <summary>The timestamp of the sample with which it fired.</summary>
    public long TimestampNs { get; } = timestampNs;

    /// <summary>When it fired, by the aggregator's clock.</summary>
    public long FiredNs { get; init; }

    public double Value { get; } = value;

    public double Peak => Volatile.Read(ref _peak);

    /// <summary>0 while it lasts.</summary>
    public long EndedNs => Volatile.Read(ref _endedNs);

    /// <summary>Why it ended.</summary>
    public string? End => Volatile.Read(ref _end);

    public CaptureState Capture
    {
        get => (CaptureState)Volatile.Read(ref _capture);
        set => Volatile.Write(ref _capture, (int)value);
    }

    /// <summary>Null when the rule names no webhook.</summary>
    public DeliveryState? Delivery
    {
        get => Volatile.Read(ref _delivery) is var state and >= 0 ? (DeliveryState)state : null;
        set => Volatile.Write(ref _delivery, value is { } state ? (int)state : -1);
    }

    public void SetPeak(double peak) => Volatile.Write(ref _peak, peak);

    public void Finish(long timestampNs, string why)
    {
        Volatile.Write(ref _end, why);
        Volatile.Write(ref _endedNs, timestampNs);
    }
}
