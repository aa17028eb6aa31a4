namespace Observability.Agent.Recording;

/// <summary>Counts the requests of <see cref="TelemetryAgent.TrackRequest"/>: how many, how many failed, how long they took, how many are open.</summary>
internal sealed class RequestTracker(CounterHandle requests, CounterHandle errors, HistogramHandle latency, AgentClock clock)
{
    private const double NsPerMs = 1e6;

    private long _inflight;

    public CounterHandle Requests => requests;

    public CounterHandle Errors => errors;

    public HistogramHandle Latency => latency;

    public long Inflight => Volatile.Read(ref _inflight);

    public long Begin()
    {
        Interlocked.Increment(ref _inflight);
        return clock.MonotonicNs();
    }

    public void End(long startedNs, bool isError)
    {
        Interlocked.Decrement(ref _inflight);
        Record((clock.MonotonicNs() - startedNs) / NsPerMs, isError);
    }

    public void End(TimeSpan elapsed, bool isError)
    {
        Interlocked.Decrement(ref _inflight);
        Record(elapsed.TotalMilliseconds, isError);
    }

    public void Record(double elapsedMs, bool isError)
    {
        latency.Record(Math.Max(0, elapsedMs));
        if (isError)
        {
            errors.Add();
        }
        requests.Add();
    }
}
