using Observability.Aggregator.Diagnostics;
using Observability.Aggregator.Streaming.Frames;
using Prometheus;

namespace Observability.Aggregator.Streaming;

/// <summary>
/// What the live stream did since the start. The fields above the line are written by the frame loop alone; those below by any connection,
/// with Interlocked. Read by anyone.
/// </summary>
internal sealed class StreamingCounters(PlatformMetrics metrics)
{
    private readonly long[] _encodesByClass = new long[RateClass.All.Length];
    private long _ticks;
    private long _encodedBytes;
    private long _framesQueued;
    private long _overruns;
    private long _wakesMissed;
    private long _overwritten;
    private long _slowedDown;
    private long _spedUp;
    private long _seriesRefused;
    private double _frameSecondsMax;

    private long _framesSent;
    private long _framesSentDirectly;
    private long _bytesSent;
    private long _backfillFrames;
    private long _missedOverwritten;
    private long _clientsRefused;
    private long _clientsDisconnected;

    /// <summary>Time of one pass of the frame loop.</summary>
    public Histogram FrameTime => field ??= metrics.DurationHistogram(
        "telemetry_frame_seconds", "Time of a pass of the frame loop that made frames, until sockets have them or they wait for one.");

    /// <summary>From when a class's frame was due (its period over, and something there to send) to the start of the pass that makes it.</summary>
    public Histogram FrameLateness => field ??= metrics.DurationHistogram(
        "telemetry_frame_late_seconds", "From when a frame was due to the start of the pass that makes it.");

    /// <summary>The longest pass since the start.</summary>
    public double FrameSecondsMax => Volatile.Read(ref _frameSecondsMax);

    public long Ticks => Volatile.Read(ref _ticks);

    /// <summary>Frames encoded: one per class and distinct set of series that has news.</summary>
    public long Encodes => _encodesByClass.Sum();

    public long EncodedBytes => Volatile.Read(ref _encodedBytes);

    /// <summary>Frames given to connections' queues; divided by Encodes: how often an encoding was shared.</summary>
    public long FramesQueued => Volatile.Read(ref _framesQueued);

    /// <summary>Passes that took longer than the fastest class's period.</summary>
    public long Overruns => Volatile.Read(ref _overruns);

    /// <summary>Arrivals that should have woken the loop and were found when it looked by the clock.</summary>
    public long WakesMissed => Volatile.Read(ref _wakesMissed);

    /// <summary>Samples that rings overwrote before a class could take them.</summary>
    public long Overwritten => Volatile.Read(ref _overwritten) + Volatile.Read(ref _missedOverwritten);

    public long SlowedDown => Volatile.Read(ref _slowedDown);

    public long SpedUp => Volatile.Read(ref _spedUp);

    /// <summary>Series that matched a subscription which was full.</summary>
    public long SeriesRefused => Volatile.Read(ref _seriesRefused);

    public long FramesSent => Volatile.Read(ref _framesSent);

    /// <summary>Those that the frame loop sent itself; it alone writes it.</summary>
    public long FramesSentDirectly => Volatile.Read(ref _framesSentDirectly);

    public long BytesSent => Volatile.Read(ref _bytesSent);

    public long BackfillFrames => Volatile.Read(ref _backfillFrames);

    public long ClientsRefused => Volatile.Read(ref _clientsRefused);

    /// <summary>Connections ended by us: they took nothing, or sent what is not allowed.</summary>
    public long ClientsDisconnected => Volatile.Read(ref _clientsDisconnected);

    public long EncodesOf(RateClass rate) => Volatile.Read(ref _encodesByClass[rate.Index]);

    internal void OnTick() => Volatile.Write(ref _ticks, _ticks + 1);

    internal void OnPass(double seconds)
    {
        FrameTime.Observe(seconds);
        Volatile.Write(ref _frameSecondsMax, double.Max(_frameSecondsMax, seconds));
    }

    internal void OnEncoded(RateClass rate, int bytes, int connections, long overwritten)
    {
        Volatile.Write(ref _encodesByClass[rate.Index], _encodesByClass[rate.Index] + 1);
        Volatile.Write(ref _encodedBytes, _encodedBytes + bytes);
        Volatile.Write(ref _framesQueued, _framesQueued + connections);
        Volatile.Write(ref _overwritten, _overwritten + overwritten);
    }

    internal void OnOverrun() => Volatile.Write(ref _overruns, _overruns + 1);

    internal void OnWakeMissed() => Volatile.Write(ref _wakesMissed, _wakesMissed + 1);

    internal void OnSlowedDown() => Volatile.Write(ref _slowedDown, _slowedDown + 1);

    internal void OnSpedUp() => Volatile.Write(ref _spedUp, _spedUp + 1);

    internal void OnSeriesRefused(long count) => Volatile.Write(ref _seriesRefused, _seriesRefused + count);

    internal void OnSent(int bytes)
    {
        Interlocked.Increment(ref _framesSent);
        Interlocked.Add(ref _bytesSent, bytes);
    }

    internal void OnSentDirectly(int bytes)
    {
        Volatile.Write(ref _framesSentDirectly, _framesSentDirectly + 1);
        OnSent(bytes);
    }

    internal void OnBackfillFrame() => Interlocked.Increment(ref _backfillFrames);

    internal void OnMissedOverwritten(long count) => Interlocked.Add(ref _missedOverwritten, count);

    internal void OnClientRefused() => Interlocked.Increment(ref _clientsRefused);

    internal void OnClientDisconnected() => Interlocked.Increment(ref _clientsDisconnected);
}
