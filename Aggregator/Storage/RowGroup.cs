using Observability.Aggregator.History;
using Observability.Aggregator.Rings;

namespace Observability.Aggregator.Storage;

/// <summary>
/// Series that are always written together, or one alone: they share a ring and the timestamps in it, and the compressed blocks behind it. The
/// writer appends to the ring, the sealer alone makes blocks; readers are any threads and take no lock.
/// </summary>
internal sealed class RowGroup(RingLimits limits, int width, SeriesKind kind, long newestTimestampNs)
{
    private Rollups? _rollups;
    private int _isClosed;
    private int _isGone;

    public RowRing Ring { get; } = new(limits, width, newestTimestampNs);

    public BlockList Blocks { get; } = new(limits.Budget);

    /// <summary>Null until the sealer has seen rows of this group.</summary>
    public Rollups? Rollups => Volatile.Read(ref _rollups);

    public bool IsEmpty => Blocks.IsEmpty && (Rollups is not { } rollups || (rollups.Seconds.Blocks.IsEmpty && rollups.Minutes.Blocks.IsEmpty));

    public SeriesKind Kind { get; } = kind;

    /// <summary>True once its series are written elsewhere: nothing is appended any more. Set by the writer after its last row.</summary>
    public bool IsClosed => Volatile.Read(ref _isClosed) != 0;

    /// <summary>True once it is closed and holds nothing: the tracks of its series may forget it.</summary>
    public bool IsGone => Volatile.Read(ref _isGone) != 0;

    /// <summary>The sealer's.</summary>
    public Rollups EnsureRollups()
    {
        if (_rollups is null)
        {
            Volatile.Write(ref _rollups, new Rollups(limits.Budget, Ring.Width, Kind == SeriesKind.Gauge));
        }
        return _rollups!;
    }

    /// <summary>Series that have samples here: tracks that name it. Counted in the turn of its writer.</summary>
    public int UserCount { get; set; }

    /// <summary>The sealer's: all series have left; what they had goes back to the budget.</summary>
    public void Drop()
    {
        Blocks.DropBefore(long.MaxValue);
        Rollups?.Seconds.Blocks.DropBefore(long.MaxValue);
        Rollups?.Minutes.Blocks.DropBefore(long.MaxValue);
    }

    public void Close() => Volatile.Write(ref _isClosed, 1);

    public void SetGone() => Volatile.Write(ref _isGone, 1);

    /// <summary>[Data plane] As <see cref="RowRing.CopyNew"/>, from the ring where it still has the row and from the blocks where not.</summary>
    public int CopyNew(int column, ref long row, in SampleColumns columns, out long lost)
    {
        long wanted = row;
        while (true)
        {
            if (wanted >= Ring.OldestRow())
            {
                int copied = Ring.CopyNew(column, ref row, columns, out lost);
                if (lost == 0 || Blocks.IsEmpty)
                {
                    return copied;
                }
                row = wanted;    // Overtaken: by now a block may have it.
            }
            RowBlock? block = Blocks.From(wanted);
            if (block is not null && block.FirstRow <= wanted)
            {
                int copied = BlockColumns.Copy(block, Ring.Width, column, wanted, columns);
                row = wanted + copied;
                lost = 0;
                return copied;
            }
            long next = Math.Min(Ring.OldestRow(), block?.FirstRow ?? long.MaxValue);
            if (next > wanted)
            {
                lost = next - wanted;
                row = next;
                return 0;
            }
        }
    }

    /// <summary>The oldest row that can still be read.</summary>
    public long OldestRow()
    {
        // The ring first: a row that leaves it is in a block by then.
        long inRing = Ring.OldestRow();
        ReadOnlySpan<RowBlock> blocks = Blocks.All;
        return blocks.IsEmpty ? inRing : Math.Min(inRing, blocks[0].FirstRow);
    }

    /// <summary>A row from which reading meets every kept sample at or after <paramref name="fromNs"/>; it may meet some older ones.</summary>
    public long Seek(long fromNs)
    {
        long inRing = Ring.Seek(fromNs);
        foreach (RowBlock block in Blocks.All)
        {
            if (block.NewestNs >= fromNs)
            {
                return Math.Min(inRing, block.FirstRow >= Ring.OldestRow() ? inRing : block.FirstRow);
            }
        }
        return inRing;
    }
}
