using System.Threading.Tasks.Sources;

namespace Observability.Aggregator.Storage;

/// <summary>
/// Tells one waiter that batches were applied. Any thread signals, once per batch; one loop waits. However many signals
/// come before a wait, it returns once.
/// </summary>
internal sealed class ArrivalSignal : IValueTaskSource
{
    private const int Idle = 0;
    private const int Signalled = 1;
    private const int Waiting = 2;

    private ManualResetValueTaskSourceCore<bool> _core = new() { RunContinuationsAsynchronously = true };
    private CancellationTokenRegistration _cancellation;
    private int _state;

    public void Signal()
    {
        // Without this fence the samples just published could still be on their way while we read a signal that the waiter
        // has consumed: it would look, see nothing, and wait.
        Interlocked.MemoryBarrier();
        if (Volatile.Read(ref _state) == Signalled)
        {
            return;
        }
        if (Interlocked.Exchange(ref _state, Signalled) == Waiting)
        {
            Volatile.Write(ref _state, Idle);
            _core.SetResult(true);
        }
    }

    /// <summary>Returns at once if there was a signal since the last wait. Only one wait at a time.</summary>
    public ValueTask WaitAsync(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (Interlocked.CompareExchange(ref _state, Idle, Signalled) == Signalled)
        {
            return default;
        }
        _core.Reset();
        ValueTask wait = new(this, _core.Version);
        if (Interlocked.CompareExchange(ref _state, Waiting, Idle) == Signalled)
        {
            Volatile.Write(ref _state, Idle);
            return default;
        }
        _cancellation = cancellationToken.UnsafeRegister(static signal => ((ArrivalSignal)signal!).Cancel(), this);
        return wait;
    }

    void IValueTaskSource.GetResult(short token)
    {
        _cancellation.Dispose();
        _core.GetResult(token);
    }

    ValueTaskSourceStatus IValueTaskSource.GetStatus(short token) => _core.GetStatus(token);

    void IValueTaskSource.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _core.OnCompleted(continuation, state, token, flags);

    private void Cancel()
    {
        if (Interlocked.CompareExchange(ref _state, Idle, Waiting) == Waiting)
        {
            _core.SetException(new OperationCanceledException());
        }
    }
}
