using System.Runtime.CompilerServices;

namespace Observability.Agent.Recording;

/// <summary>
/// The part of a histogram that one thread alone records into, without an atomic operation. The push thread closes it (<see cref="Ask"/>), makes every
/// processor finish what it was doing (<see cref="Interlocked.MemoryBarrierProcessWide"/>, once for many histograms), and then finds the owner
/// inside or sure to find it closed. A managed thread id is given to a new thread only when the old one has ended.
/// </summary>
internal sealed class OwnedStripe(int ownerThreadId)
{
    private const int SpinsMax = 64;

    private int _isEntered;
    private int _isAsked;

    public int OwnerThreadId => ownerThreadId;

    public HistogramAccumulator Values { get; } = new();

    /// <summary>The push thread's: whether the owner is kept out.</summary>
    public bool IsAsked => _isAsked != 0;

    /// <summary>By the owner: false while the push thread wants it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool TryEnter()
    {
        Volatile.Write(ref _isEntered, 1);
        if (Volatile.Read(ref _isAsked) == 0)
        {
            return true;
        }
        Exit();
        return false;
    }

    public void Exit() => Volatile.Write(ref _isEntered, 0);

    /// <summary>By the push thread: the owner is kept out from the barrier that follows until <see cref="DrainTo"/>.</summary>
    public void Ask() => Volatile.Write(ref _isAsked, 1);

    /// <summary>By the push thread, after the barrier. An owner that was interrupted inside keeps its values until the next push.</summary>
    public void DrainTo(HistogramAccumulator destination)
    {
        for (int spin = 0; Volatile.Read(ref _isEntered) != 0 && spin < SpinsMax; spin++)
        {
            Thread.SpinWait(16);
        }
        if (Volatile.Read(ref _isEntered) == 0)
        {
            destination.Merge(Values);
            Values.Clear();
        }
        Volatile.Write(ref _isAsked, 0);
    }
}
