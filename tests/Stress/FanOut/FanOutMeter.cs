namespace Observability.Stress.FanOut;

/// <summary>What all viewers of a trial saw while it measured. Any thread.</summary>
internal sealed class FanOutMeter
{
    private const int BucketNs = 50_000;
    private const int BucketsMax = 40_000;

    private readonly int[] _lags = new int[BucketsMax];
    private readonly List<long> _framedNs = [];
    private long _frames;
    private long _bytes;
    private volatile bool _isMeasuring;
    private volatile bool _isOver;

    /// <summary>The one whose frames tell the server's own rhythm.</summary>
    public ViewerClient? Rhythm { get; set; }

    /// <summary>The one that stops reading now and then: what it receives is counted nowhere.</summary>
    public ViewerClient? Stopper { get; set; }

    public bool IsOver => _isOver;

    public long Frames => Volatile.Read(ref _frames);

    public double BytesPerFrame => Volatile.Read(ref _bytes) / (double)Math.Max(1, Frames);

    public void Begin()
    {
        _isMeasuring = false;
        Array.Clear(_lags);
        _frames = _bytes = 0;
        _framedNs.Clear();
        _isMeasuring = true;
    }

    public void Pause() => _isMeasuring = false;

    public void Finish() => _isOver = true;

    public void OnFrame(ViewerClient viewer, long framedNs, int bytes)
    {
        if (!_isMeasuring || viewer == Stopper)
        {
            return;
        }
        long lagNs = ((DateTime.UtcNow.Ticks - DateTime.UnixEpoch.Ticks) * 100) - framedNs;
        Interlocked.Increment(ref _lags[Math.Clamp(lagNs / BucketNs, 0, BucketsMax - 1)]);
        Interlocked.Increment(ref _frames);
        Interlocked.Add(ref _bytes, bytes);
        if (viewer == Rhythm)
        {
            _framedNs.Add(framedNs);
        }
    }

    /// <summary>From the frame's stamp to its arrival, over all viewers, in ms.</summary>
    public double LagMs(double share)
    {
        long wanted = (long)(share * _lags.Sum(count => (long)count));
        int bucket = 0;
        for (long seen = _lags[0]; seen < wanted && bucket < BucketsMax - 1; seen += _lags[bucket])
        {
            bucket++;
        }
        return (bucket + 1) * BucketNs / 1e6;
    }

    /// <summary>How far the time between two frames is from a period, in ms.</summary>
    public double JitterMs(double share, double periodMs)
    {
        double[] jitters = [.. _framedNs.Zip(_framedNs.Skip(1), (a, b) => Math.Abs(((b - a) / 1e6) - periodMs)).Order()];
        return jitters.Length == 0 ? double.NaN : jitters[(int)(share * (jitters.Length - 1))];
    }

    public int RhythmFrames => _framedNs.Count;
}
