using Observability.Aggregator.History;
using Observability.Aggregator.Rings;

namespace Observability.Aggregator.Storage;

/// <summary>One period's histograms of a series, added up, as a record.</summary>
internal readonly record struct HistogramPeriod(long BeginNs, long ReceivedNs, byte[] Record);

/// <summary>
/// What a histogram series keeps of each period, one second or one minute: a histogram that merges as its samples did. Some wait as records, then they become
/// a block. The sealer alone adds and drops; readers are any threads and take no lock. Rows of one period add up.
/// </summary>
internal sealed class HistogramTier(RingBudget budget, long periodNs)
{
    private const int PendingMax = 16;

    // Object header, a place in the pending ones.
    private const int OverheadBytes = 56;

    private Pending? _pending;
    private long _nextRow;

    public long PeriodNs { get; } = periodNs;

    public BlockList Blocks { get; } = new(budget);

    public bool IsEmpty => Volatile.Read(ref _pending) is null && Blocks.IsEmpty;

    public long SizeInBytes => Blocks.SizeInBytes + (_pending?.SizeInBytes ?? 0);

    /// <summary>long.MaxValue when there is none.</summary>
    public long OldestNs
    {
        get
        {
            // The pending ones first: what leaves them is in a block by then.
            long pendingNs = Volatile.Read(ref _pending) is { } pending ? pending.All[0].BeginNs : long.MaxValue;
            ReadOnlySpan<RowBlock> blocks = Blocks.All;
            return blocks.IsEmpty ? pendingNs : blocks[0].OldestNs;
        }
    }

    public long BeginOf(long timestampNs) => timestampNs - (((timestampNs % PeriodNs) + PeriodNs) % PeriodNs);

    public void Add(in HistogramPeriod period, HistogramSealer sealer)
    {
        if (_pending is null)
        {
            Volatile.Write(ref _pending, new Pending(_nextRow, period));
        }
        else
        {
            _pending.Add(period);
        }
        _nextRow++;
        budget.Reserve(SizeOf(period));
        if (_pending!.All.Length == PendingMax)
        {
            Flush(sealer);
        }
    }

    /// <summary>Makes a block of what is pending. The block first: who finds nothing pending finds the block.</summary>
    public void Flush(HistogramSealer sealer)
    {
        if (_pending is null)
        {
            return;
        }
        Blocks.Add(sealer.BlockOf(_pending.All, _pending.FirstRow));
        budget.Release(_pending.SizeInBytes);
        Volatile.Write(ref _pending, null);
    }

    /// <summary>Takes blocks that were read back.</summary>
    public void Restore(RowBlock[] blocks)
    {
        Blocks.AddRange(blocks);
        _nextRow = blocks.Length == 0 ? 0 : blocks[^1].EndRow;
    }

    /// <summary>Gives everything back to the budget: the series leaves.</summary>
    public void Drop()
    {
        Blocks.DropBefore(long.MaxValue);
        budget.Release(_pending?.SizeInBytes ?? 0);
        Volatile.Write(ref _pending, null);
    }

    /// <summary>Appends periods that begin in [fromNs, untilNs), each a row with the period's begin.</summary>
    public void Read(long fromNs, long untilNs, HistogramBuffer destination)
    {
        Pending? pending = Volatile.Read(ref _pending);
        ReadOnlySpan<HistogramPeriod> periods = pending is null ? default : pending.All;
        ReadOnlySpan<RowBlock> blocks = Blocks.All;
        foreach (RowBlock block in blocks)
        {
            for (int row = 0; block.NewestNs >= fromNs && block.OldestNs < untilNs && row < block.Rows && !destination.IsFull; row++)
            {
                if (destination.TimestampNs(block, row) is long beginNs && beginNs >= fromNs && beginNs < untilNs)
                {
                    destination.Add(block, row);
                }
            }
        }
        long sealedUntil = blocks.IsEmpty ? 0 : blocks[^1].EndRow;
        for (int i = 0; i < periods.Length && !destination.IsFull; i++)
        {
            if (pending!.FirstRow + i >= sealedUntil && periods[i].BeginNs >= fromNs && periods[i].BeginNs < untilNs)
            {
                HistogramRecord.Decode(periods[i].BeginNs, periods[i].Record, destination);
            }
        }
    }

    private static long SizeOf(in HistogramPeriod period) => period.Record.Length + OverheadBytes;

    private sealed class Pending
    {
        private readonly HistogramPeriod[] _items = new HistogramPeriod[PendingMax];
        private int _count = 1;

        public Pending(long firstRow, in HistogramPeriod first)
        {
            FirstRow = firstRow;
            _items[0] = first;
        }

        public long FirstRow { get; }

        public ReadOnlySpan<HistogramPeriod> All => _items.AsSpan(0, Volatile.Read(ref _count));

        public long SizeInBytes
        {
            get
            {
                long bytes = 0;
                foreach (HistogramPeriod period in All)
                {
                    bytes += SizeOf(period);
                }
                return bytes;
            }
        }

        public void Add(in HistogramPeriod period)
        {
            _items[_count] = period;
            Volatile.Write(ref _count, _count + 1);
        }
    }
}
