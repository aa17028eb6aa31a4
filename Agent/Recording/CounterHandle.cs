using System.Runtime.CompilerServices;
using Observability.Agent.Recording;

namespace Observability.Agent;

/// <summary>
/// A counter: a total that only grows. The total is sent every push interval. Any thread; the first thread that adds often has a cell of its own and
/// needs no atomic operation, every other one interlocked addition per call, on one of several cells so that threads on different processors rarely meet.
/// </summary>
public sealed class CounterHandle : InstrumentHandle
{
    // Longs per cell: 128 bytes, so that no two cells share a cache line or a prefetched pair of them.
    private const int CellLongs = 16;

    private static readonly int CellCount =
        (int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)Math.Clamp(Environment.ProcessorCount, 1, 8));

    private readonly long[] _cells = new long[(CellCount + 1) * CellLongs];     // the last is the owner's, which alone writes it
    private readonly Lock _totalGate = new();
    private readonly long _refusedMask;
    private long _base;
    private int _ownerThreadId;             // set once; an id is given to a new thread only when the old one has ended
    private int _addsShared;                // inexact: threads may overwrite each other's count

    internal CounterHandle(SeriesIdentity identity, int seriesRef, RecordingDrops drops, DropReason? refusal)
        : base(identity, SeriesKind.Counter, seriesRef, drops, refusal) => _refusedMask = refusal is null ? 0 : -1;

    /// <summary>Adds 1.</summary>
    public void Add() => Add(1);

    /// <summary>Adds a count. A negative one is dropped and counted: a counter never falls.</summary>
    public void Add(long count)
    {
        if ((count | _refusedMask) < 0)
        {
            Refuse();
            return;
        }
        if (_ownerThreadId == Environment.CurrentManagedThreadId)
        {
            ref long own = ref _cells[CellCount * CellLongs];
            Volatile.Write(ref own, own + count);
            return;
        }
        AddShared(count);
    }

    /// <summary>Takes over a total that is counted elsewhere; a smaller one than before is a reset.</summary>
    public void SetTotal(long total)
    {
        if ((total | _refusedMask) < 0)
        {
            Refuse();
            return;
        }
        lock (_totalGate)
        {
            for (int i = 0; i < CellCount * CellLongs; i += CellLongs)
            {
                Interlocked.Exchange(ref _cells[i], 0);
            }
            _base = total - Volatile.Read(ref _cells[CellCount * CellLongs]);
        }
    }

    /// <summary>The total so far.</summary>
    internal ulong Total()
    {
        lock (_totalGate)
        {
            long total = _base;
            for (int i = 0; i < _cells.Length; i += CellLongs)
            {
                total += Volatile.Read(ref _cells[i]);
            }
            return (ulong)total;
        }
    }

    private void AddShared(long count)
    {
        int threadId = Environment.CurrentManagedThreadId;
        Interlocked.Add(ref _cells[(threadId & (CellCount - 1)) * CellLongs], count);
        if (_ownerThreadId == 0 && ++_addsShared >= RecordsBeforeOwner)
        {
            Interlocked.CompareExchange(ref _ownerThreadId, threadId, 0);
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void Refuse()
    {
        if (_refusedMask == 0)
        {
            Drops.Count(DropReason.Negative);
        }
        else
        {
            CountRefused();
        }
    }
}
