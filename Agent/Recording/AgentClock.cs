namespace Observability.Agent.Recording;

/// <summary>
/// The agent's wall clock in nanoseconds since the Unix epoch: the monotonic timer plus an offset that follows the system's clock
/// slowly, so that timestamps neither jump with small corrections nor stand still.
/// <see cref="NowNs"/> may be called from any thread; <see cref="Align"/> and <see cref="SetFine"/> belong to the agent's push thread.
/// </summary>
internal sealed class AgentClock : IDisposable
{
    /// <summary>How much one <see cref="Align"/> may move the clock: 1 % of the default push interval.</summary>
    internal const long SlewNsMax = 200_000;

    /// <summary>A difference above this (a suspended laptop, a clock that was set) is taken over at once.</summary>
    internal const long StepNsMin = 1_000_000_000;

    /// <summary>How often the cached time is refreshed while many samples are recorded.</summary>
    internal const int FinePeriodMs = 1;

    private readonly TimeProvider _time;
    private readonly long _nsPerTimestamp;
    private readonly double _nsPerTimestampInexact;
    private readonly ManualResetEventSlim _fineWanted = new(initialState: false);
    private long _offsetNs;
    private long _fineNowNs;
    private Thread? _fineThread;
    private volatile bool _disposed;

    public AgentClock(TimeProvider time)
    {
        _time = time;
        _nsPerTimestamp = 1_000_000_000 % time.TimestampFrequency == 0 ? 1_000_000_000 / time.TimestampFrequency : 0;
        _nsPerTimestampInexact = 1e9 / time.TimestampFrequency;
        _offsetNs = SystemNs() - MonotonicNs();
    }

    /// <summary>
    /// The time for a recorded value. Reading the timer costs 25–50 ns; while <see cref="SetFine"/> is on, a cached time at most about
    /// <see cref="FinePeriodMs"/> old is read instead, for about 1 ns.
    /// </summary>
    public long NowNs()
    {
        long fine = Volatile.Read(ref _fineNowNs);
        return fine != 0 ? fine : PreciseNs();
    }

    public long PreciseNs() => MonotonicNs() + Volatile.Read(ref _offsetNs);

    public long MonotonicNs()
    {
        long timestamp = _time.GetTimestamp();
        return _nsPerTimestamp != 0 ? timestamp * _nsPerTimestamp : (long)(timestamp * _nsPerTimestampInexact);
    }

    /// <summary>Follows the system's clock: small differences are slewed, large ones taken over.</summary>
    public void Align()
    {
        long errorNs = SystemNs() - PreciseNs();
        long stepNs = Math.Abs(errorNs) >= StepNsMin ? errorNs : Math.Clamp(errorNs, -SlewNsMax, SlewNsMax);
        Volatile.Write(ref _offsetNs, _offsetNs + stepNs);
    }

    /// <summary>Starts or stops refreshing the cached time; worth its wake-ups only while values are recorded in large numbers.</summary>
    public void SetFine(bool isWanted)
    {
        if (isWanted == _fineWanted.IsSet || _disposed)
        {
            return;
        }
        if (isWanted)
        {
            _fineWanted.Set();
            _fineThread ??= StartFineThread();
        }
        else
        {
            _fineWanted.Reset();
        }
    }

    public void Dispose()
    {
        _disposed = true;
        _fineWanted.Set();
        _fineThread?.Join();
        _fineWanted.Dispose();
    }

    private Thread StartFineThread()
    {
        var thread = new Thread(RefreshWhileWanted, maxStackSize: 128 * 1024) { IsBackground = true, Name = "telemetry-clock" };
        thread.Start();
        return thread;
    }

    private void RefreshWhileWanted()
    {
        while (!_disposed)
        {
            if (!_fineWanted.IsSet)
            {
                Volatile.Write(ref _fineNowNs, 0);
                _fineWanted.Wait();
            }
            Volatile.Write(ref _fineNowNs, PreciseNs());
            Thread.Sleep(FinePeriodMs);
        }
        Volatile.Write(ref _fineNowNs, 0);
    }

    private long SystemNs() => (_time.GetUtcNow().UtcTicks - DateTime.UnixEpoch.Ticks) * 100;
}
