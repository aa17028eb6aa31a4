namespace Observability.Aggregator.Streaming;

/// <summary>Wakes one sleeping thread; a signal before the sleep makes it return at once. Any thread sets it, at any time.</summary>
internal sealed class WakeSignal
{
    private readonly object _lock = new();
    private bool _isSet;

    public void Set()
    {
        lock (_lock)
        {
            _isSet = true;
            Monitor.Pulse(_lock);
        }
    }

    public void Wait(int timeoutMs)
    {
        lock (_lock)
        {
            if (!_isSet)
            {
                Monitor.Wait(_lock, timeoutMs);
            }
            _isSet = false;
        }
    }
}
