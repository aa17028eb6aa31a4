namespace Observability.Aggregator.Tests;

/// <summary>Bytes that this thread allocates from <see cref="Start"/> on.</summary>
internal readonly struct AllocationMeter
{
    /// <summary>A collection, which any other test may cause, counts the unused rest of the thread's allocation context (8 KB) as allocated.
    /// Only blocking collections run in the tests (tests/Directory.Build.targets), so that each is counted.</summary>
    public const int ContextBytes = 8 * 1024 + 64;

    private readonly long _bytes;
    private readonly int _collections;

    private AllocationMeter(long bytes, int collections)
    {
        _bytes = bytes;
        _collections = collections;
    }

    public static AllocationMeter Start()
    {
        // Collections are read first here and last in the end: one between the two reads is then never missed.
        int collections = GC.CollectionCount(0);
        return new AllocationMeter(GC.GetAllocatedBytesForCurrentThread(), collections);
    }

    /// <summary>Nothing was allocated: exactly, but for what collections since the start add by themselves.</summary>
    public void AssertNothing()
    {
        long allocated = GC.GetAllocatedBytesForCurrentThread() - _bytes;
        Assert.InRange(allocated, 0, (GC.CollectionCount(0) - _collections) * (long)ContextBytes);
    }
}
