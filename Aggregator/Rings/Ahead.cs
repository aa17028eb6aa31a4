using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;

namespace Observability.Aggregator.Rings;

/// <summary>
/// [Data plane] Asks the processor to fetch what will be needed some series later, so that a walk over thousands of them does not wait for the memory of
/// each. Changes nothing else, and does nothing where the processor has no such instruction.
/// </summary>
internal static unsafe class Ahead
{
    private const int LineBytes = 64;

    /// <summary>The first two lines of an object.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Fetch(object? target)
    {
        if (target is not null)
        {
            Fetch(ref Unsafe.As<Body>(target).First);
            Fetch(ref Unsafe.Add(ref Unsafe.As<Body>(target).First, LineBytes));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Fetch(byte[] bytes)
    {
        Fetch(ref MemoryMarshal.GetArrayDataReference(bytes));
        Fetch(ref Unsafe.Add(ref MemoryMarshal.GetArrayDataReference(bytes), LineBytes));
    }

    /// <summary>The line of an address, which may be stale by the time it is used: it is never read here.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Fetch(ref byte at)
    {
        if (Sse.IsSupported)
        {
            Sse.Prefetch0(Unsafe.AsPointer(ref at));
        }
    }

    private sealed class Body
    {
        public byte First;
    }
}
