namespace Observability.Agent.Tests;

/// <summary>Bytes that an action allocates on this thread.</summary>
internal static class Allocation
{
    public static long Of(Action action)
    {
        action();                                           // whatever grows once has grown
        long before = GC.GetAllocatedBytesForCurrentThread();
        action();
        return GC.GetAllocatedBytesForCurrentThread() - before;
    }
}
