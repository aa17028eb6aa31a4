namespace Observability.Agent.Tests;

/// <summary>Bytes that an action allocates on this thread.</summary>
internal static class Allocation
{
    /// <summary>A collection that another test causes counts the rest of this thread's allocation context as allocated: then it is measured again.</summary>
    private const int RoundsMax = 20;

    public static long Of(Action action)
    {
        action();                                           // whatever grows once has grown
        long least = long.MaxValue;
        for (int round = 0; round < RoundsMax; round++)
        {
            int collections = GC.CollectionCount(0);
            long before = GC.GetAllocatedBytesForCurrentThread();
            action();
            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
            if (GC.CollectionCount(0) == collections)
            {
                break;
            }
        }
        return least;
    }
}
