namespace Observability.Agent.Transport;

/// <summary>Wakes one waiter; several releases before it looks are one.</summary>
// CA1001: a semaphore whose wait handle is never asked for holds nothing to dispose.
#pragma warning disable CA1001
internal sealed class Signal
#pragma warning restore CA1001
{
    private readonly SemaphoreSlim _semaphore = new(0, 1);
    private int _isSet;

    public void Set()
    {
        if (Interlocked.Exchange(ref _isSet, 1) == 0)
        {
            _semaphore.Release();
        }
    }

    /// <summary>False when the time passed first.</summary>
    public async Task<bool> WaitAsync(TimeSpan timeout, CancellationToken cancellationToken)
    {
        bool isSet = await _semaphore.WaitAsync(timeout, cancellationToken).ConfigureAwait(false);
        if (isSet)
        {
            Volatile.Write(ref _isSet, 0);
        }
        return isSet;
    }
}
