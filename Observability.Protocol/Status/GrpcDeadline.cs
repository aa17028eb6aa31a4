namespace Observability.Protocol;

/// <summary>Runs an action once after a time of any length: a timer of the platform ends at 49 days, a grpc-timeout at 11,000 years.</summary>
public sealed class GrpcDeadline : IDisposable
{
    private static readonly TimeSpan StepMax = TimeSpan.FromDays(40);

    private readonly TimeProvider _timeProvider;
    private readonly TimeSpan _timeout;
    private readonly long _startedAt;
    private readonly Action _expired;
    private readonly ITimer _timer;

    public GrpcDeadline(TimeSpan timeout, TimeProvider timeProvider, Action expired)
    {
        _timeProvider = timeProvider;
        _timeout = timeout;
        _startedAt = timeProvider.GetTimestamp();
        _expired = expired;
        _timer = timeProvider.CreateTimer(static self => ((GrpcDeadline)self!).Elapsed(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        Arm(timeout);
    }

    public void Dispose() => _timer.Dispose();

    private void Elapsed()
    {
        TimeSpan rest = _timeout - _timeProvider.GetElapsedTime(_startedAt);
        if (rest > TimeSpan.Zero)
        {
            Arm(rest);
        }
        else
        {
            _expired();
        }
    }

    private void Arm(TimeSpan rest)
    {
        TimeSpan step = rest > StepMax ? StepMax : rest;
        // A timer counts whole milliseconds and drops the rest: round up, or it would fire early and spin through the last one.
        _timer.Change(TimeSpan.FromMilliseconds(Math.Ceiling(Math.Max(0, step.TotalMilliseconds))), Timeout.InfiniteTimeSpan);
    }
}
