using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Observability.Agent.Recording;

/// <summary>
/// Bounded queue of one thread's gauge samples: its owner writes, the push thread reads, and neither needs an atomic operation. Full means
/// refuse: the caller merges the value into its series' aggregate. An owner is a managed thread id, which the runtime gives to a new thread
/// only when the old one has ended: a lane has one writer at any moment.
/// </summary>
internal sealed class GaugeLane
{
    private readonly GaugeSample[] _samples;
    private LaneCursors _cursors;

    public GaugeLane(int ownerThreadId, int capacityMin)
    {
        OwnerThreadId = ownerThreadId;
        _samples = new GaugeSample[BitOperations.RoundUpToPowerOf2((uint)Math.Max(2, capacityMin))];
    }

    public int OwnerThreadId { get; }

    public int Capacity => _samples.Length;

    /// <summary>How many samples were ever taken in.</summary>
    public long WrittenCount => Volatile.Read(ref _cursors.Tail);

    /// <summary>By the owner only.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool TryWrite(int seriesRef, long timestampNs, double value)
    {
        GaugeSample[] samples = _samples;
        long tail = _cursors.Tail;
        if (tail - _cursors.HeadSeen == samples.Length && !TryRefreshHead(tail))
        {
            return false;
        }
        samples[(int)tail & (samples.Length - 1)] = new GaugeSample(seriesRef, timestampNs, value);
        Volatile.Write(ref _cursors.Tail, tail + 1);            // publishes the sample
        return true;
    }

    /// <summary>What is here now, oldest first, in at most two pieces; by the reader, which frees it with <see cref="Free"/>.</summary>
    public void Peek(out ReadOnlySpan<GaugeSample> first, out ReadOnlySpan<GaugeSample> second)
    {
        long head = _cursors.Head;
        int count = (int)(Volatile.Read(ref _cursors.Tail) - head);
        int at = (int)head & (_samples.Length - 1);
        int untilEnd = Math.Min(count, _samples.Length - at);
        first = _samples.AsSpan(at, untilEnd);
        second = _samples.AsSpan(0, count - untilEnd);
    }

    /// <summary>The oldest samples are read.</summary>
    public void Free(int count) => Volatile.Write(ref _cursors.Head, _cursors.Head + count);

    // The reader owns the line of Head, so it is looked at only when the copy says full.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private bool TryRefreshHead(long tail)
    {
        _cursors.HeadSeen = Volatile.Read(ref _cursors.Head);
        return tail - _cursors.HeadSeen != _samples.Length;
    }
}

/// <summary>Cursors of a lane: Tail and HeadSeen are the owner's, Head is the reader's, on cache lines of their own.</summary>
[StructLayout(LayoutKind.Explicit, Size = 384)]
internal struct LaneCursors
{
    [FieldOffset(128)]
    public long Tail;

    [FieldOffset(136)]
    public long HeadSeen;

    [FieldOffset(256)]
    public long Head;
}
