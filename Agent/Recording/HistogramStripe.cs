namespace Observability.Agent.Recording;

/// <summary>
/// One part of a histogram, owned by one thread at a time: entering is a single exchange and never waits, so a thread that finds a stripe
/// taken goes on to another. Whoever owns it sees a measurement whole: count, sum, extremes and bucket always agree.
/// </summary>
internal sealed class HistogramStripe
{
    private int _isOwned;

    public HistogramAccumulator Values { get; } = new();

    public bool TryEnter() => Interlocked.Exchange(ref _isOwned, 1) == 0;

    public void Exit() => Volatile.Write(ref _isOwned, 0);
}
