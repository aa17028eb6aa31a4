using System.Numerics;
using System.Runtime.InteropServices;

namespace Observability.Agent.Recording;

/// <summary>One recorded gauge value on its way to a batch.</summary>
internal readonly record struct GaugeSample(int SeriesRef, long TimestampNs, double Value);

/// <summary>
/// Bounded queue of gauge samples: any number of writer threads, one reader (the push thread). Full means refuse: the caller merges the
/// value into its series' aggregate. Each cell carries the position it is free or filled for, so a writer needs one compare-and-swap
/// and no writer ever waits for another.
/// </summary>
internal sealed class GaugeQueue
{
    private readonly Cell[] _cells;
    private QueueCursors _cursors;

    public GaugeQueue(int capacityMin)
    {
        _cells = new Cell[BitOperations.RoundUpToPowerOf2((uint)Math.Max(2, capacityMin))];
        for (int i = 0; i < _cells.Length; i++)
        {
            _cells[i].Position = i;
        }
    }

    public int Capacity => _cells.Length;

    /// <summary>How many samples were ever taken in, including those still being written.</summary>
    public long WrittenCount => Volatile.Read(ref _cursors.Tail);

    /// <summary>How many samples were ever read; changed by the reader only.</summary>
    public long ReadCount => Volatile.Read(ref _cursors.Head);

    public bool TryWrite(int seriesRef, long timestampNs, double value)
    {
        Cell[] cells = _cells;
        long position = Volatile.Read(ref _cursors.Tail);
        while (true)
        {
            ref Cell cell = ref cells[(int)position & (cells.Length - 1)];
            long lead = Volatile.Read(ref cell.Position) - position;
            if (lead == 0)
            {
                long seen = Interlocked.CompareExchange(ref _cursors.Tail, position + 1, position);
                if (seen == position)
                {
                    cell.SeriesRef = seriesRef;
                    cell.TimestampNs = timestampNs;
                    cell.Value = value;
                    Volatile.Write(ref cell.Position, position + 1);        // publishes the cell
                    return true;
                }
                position = seen;
            }
            else if (lead < 0)
            {
                return false;
            }
            else
            {
                position = Volatile.Read(ref _cursors.Tail);
            }
        }
    }

    /// <summary>False when nothing is there, or when the next writer was interrupted before it finished: its sample comes next time.</summary>
    public bool TryRead(out GaugeSample sample)
    {
        long position = _cursors.Head;
        ref Cell cell = ref _cells[(int)position & (_cells.Length - 1)];
        if (Volatile.Read(ref cell.Position) != position + 1)
        {
            sample = default;
            return false;
        }
        sample = new GaugeSample(cell.SeriesRef, cell.TimestampNs, cell.Value);
        Volatile.Write(ref cell.Position, position + _cells.Length);        // frees the cell for the next round
        Volatile.Write(ref _cursors.Head, position + 1);
        return true;
    }

    private struct Cell
    {
        public long Position;
        public long TimestampNs;
        public double Value;
        public int SeriesRef;
    }
}

/// <summary>Cursors of a queue, on cache lines of their own: Tail is the writers', Head is the reader's.</summary>
[StructLayout(LayoutKind.Explicit, Size = 384)]
internal struct QueueCursors
{
    [FieldOffset(128)]
    public long Tail;

    [FieldOffset(256)]
    public long Head;
}
