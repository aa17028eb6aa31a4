namespace Observability.Protocol;

/// <summary>
/// Limits how long one message may take to arrive. The reader says at every wait whether a message has begun; the timer is armed
/// at most once per timeout, not once per wait, so a stream of large messages costs one timestamp a wait.
/// </summary>
internal sealed class PartialMessageTimer(TimeSpan timeout, TimeProvider timeProvider, Action expired) : IDisposable
{
    private const long NoneBegun = 0;

    private ITimer? _timer;                             // written by the reader
    private long _begunAt;                              // written by the reader, read by the timer
    private int _armed;                                 // whoever moves it from 0 to 1 starts the timer

    /// <summary>Called by the reader before it waits.</summary>
    /// <param name="begun">Some bytes of a message are here.</param>
    /// <param name="continued">They belong to the message that was already begun at the former wait.</param>
    public void Watch(bool begun, bool continued)
    {
        if (timeout == Timeout.InfiniteTimeSpan)
        {
            return;
        }
        if (!begun)
        {
            Volatile.Write(ref _begunAt, NoneBegun);
        }
        else if (!continued || _begunAt == NoneBegun)
        {
            Volatile.Write(ref _begunAt, Math.Max(1, timeProvider.GetTimestamp()));
            if (Interlocked.Exchange(ref _armed, 1) == 0)
            {
                _timer ??= timeProvider.CreateTimer(static self => ((PartialMessageTimer)self!).Elapsed(), this,
                    Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
                _timer.Change(timeout, Timeout.InfiniteTimeSpan);
            }
        }
    }

    public void Dispose() => _timer?.Dispose();

    private void Elapsed()
    {
        long begunAt = Volatile.Read(ref _begunAt);
        if (begunAt == NoneBegun)
        {
            // The reader sets _begunAt and then looks at _armed; here it is the other way round, so one of the two sees the other.
            Interlocked.Exchange(ref _armed, 0);
            begunAt = Volatile.Read(ref _begunAt);
            if (begunAt == NoneBegun || Interlocked.Exchange(ref _armed, 1) != 0)
            {
                return;
            }
        }
        TimeSpan rest = timeout - timeProvider.GetElapsedTime(begunAt);
        if (rest > TimeSpan.Zero)
        {
            _timer!.Change(rest, Timeout.InfiniteTimeSpan);
        }
        else
        {
            expired();
        }
    }
}
