using System.Diagnostics.CodeAnalysis;
using Observability.Aggregator.Storage;

namespace Observability.Aggregator.Streaming;

/// <summary>
/// Lets a thread wait for arrivals and for other things at once: it asks, and if nothing has arrived it is woken later. While it does not ask,
/// arrivals cost it nothing. One thread.
/// </summary>
[SuppressMessage("Reliability", "CA2012", Justification = "The one wait is kept until it completes and its result is taken once.")]
internal sealed class ArrivalWatch
{
    private readonly ArrivalSignal _signal;
    private readonly Action _onArrival;
    private ValueTask _wait;
    private bool _isWaiting;
    private bool _hasArrived;

    public ArrivalWatch(ArrivalSignal signal, WakeSignal wake)
    {
        _signal = signal;
        _onArrival = () =>
        {
            Volatile.Write(ref _hasArrived, true);
            wake.Set();
        };
    }

    /// <summary>The wake-up is set when something arrives.</summary>
    public bool IsWaiting => _isWaiting;

    /// <summary>True when something arrived since the last call that returned true; <paramref name="wasAwaited"/>: it came after we asked.</summary>
    public bool TryTake(out bool wasAwaited)
    {
        wasAwaited = _isWaiting;
        if (!_isWaiting)
        {
            _wait = _signal.WaitAsync(CancellationToken.None);
            if (_wait.IsCompleted)
            {
                _wait.GetAwaiter().GetResult();
                return true;
            }
            _isWaiting = true;
            _wait.GetAwaiter().UnsafeOnCompleted(_onArrival);
        }
        if (!Volatile.Read(ref _hasArrived))
        {
            return false;
        }
        _isWaiting = false;
        Volatile.Write(ref _hasArrived, false);
        _wait.GetAwaiter().GetResult();
        return true;
    }
}
