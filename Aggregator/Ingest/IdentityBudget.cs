namespace Observability.Aggregator.Ingest;

/// <summary>
/// Identities that all sources together may have in their caches: those with a series and those only declared. Any thread.
/// </summary>
internal sealed class IdentityBudget(int countMax)
{
    private int _count;

    public int Count => Volatile.Read(ref _count);

    public bool TryTake()
    {
        if (Interlocked.Increment(ref _count) <= countMax)
        {
            return true;
        }
        Interlocked.Decrement(ref _count);
        return false;
    }

    public void Return(int count) => Interlocked.Add(ref _count, -count);
}
