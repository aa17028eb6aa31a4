namespace Observability.Aggregator.Storage;

/// <summary>
/// Tells one loop that batches were applied. Any thread signals, once per batch; while the loop has not asked, or has its answer already, that costs
/// a fence and a read. However many signals come between two questions, one answer says so. The signalling thread wakes the loop directly, so a
/// starved thread pool cannot delay a frame.
/// </summary>
internal sealed class ArrivalSignal
{
    private const int Idle = 0;
    private const int Signalled = 1;
    private const int Asked = 2;

    private Action? _wake;
    private int _state;
    private bool _isAsked;

    /// <summary>The loop asked and has had no answer yet: the next signal wakes it. Loop's thread.</summary>
    public bool IsAsked => _isAsked;

    /// <summary>The answer is there: it has woken the loop, or is about to. Loop's thread.</summary>
    public bool IsAnswered => _isAsked && Volatile.Read(ref _state) == Signalled;

    /// <summary>Registers the one loop, before its first question. <paramref name="wake"/> runs on the thread that signals: it must be short and must not throw.</summary>
    public void Serve(Action wake)
    {
        if (Interlocked.CompareExchange(ref _wake, wake, null) is not null)
        {
            throw new InvalidOperationException("Arrivals wake one loop, and there is one already.");
        }
    }

    public void Signal()
    {
        // Without this fence the samples just published could still be on their way while we read a signal that the loop
        // has taken: it would look, see nothing, and wait.
        Interlocked.MemoryBarrier();
        if (Volatile.Read(ref _state) != Signalled && Interlocked.Exchange(ref _state, Signalled) == Asked)
        {
            _wake!();
        }
    }

    /// <summary>
    /// True when something arrived since the last call that returned true; <paramref name="wasAwaited"/>: it came after we had asked. False is a
    /// question: the next signal wakes the loop. One thread.
    /// </summary>
    public bool TryTake(out bool wasAwaited)
    {
        wasAwaited = _isAsked;
        _isAsked = true;
        if (Interlocked.CompareExchange(ref _state, Asked, Idle) != Signalled)
        {
            return false;
        }
        // A signal that comes before this line is part of what is taken now; one that comes after it is the next.
        Interlocked.Exchange(ref _state, Idle);
        _isAsked = false;
        return true;
    }
}
