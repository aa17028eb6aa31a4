using Observability.Aggregator.Rings;

namespace Observability.Aggregator.History;

/// <summary>
/// The blocks of one group, oldest first, without gaps unless rows were lost. The sealer alone changes it, by publishing another array; readers
/// are any threads and take no lock.
/// </summary>
internal sealed class BlockList(RingBudget budget)
{
    /// <summary>So many small blocks become one.</summary>
    public const int MergedCount = 8;

    private RowBlock[] _blocks = [];

    public ReadOnlySpan<RowBlock> All => Volatile.Read(ref _blocks);

    public bool IsEmpty => Volatile.Read(ref _blocks).Length == 0;

    public long SizeInBytes
    {
        get
        {
            long bytes = 0;
            foreach (RowBlock block in All)
            {
                bytes += block.SizeInBytes;
            }
            return bytes;
        }
    }

    public void Add(RowBlock block)
    {
        budget.Reserve(block.SizeInBytes);
        Volatile.Write(ref _blocks, [.. _blocks, block]);
    }

    public void AddRange(RowBlock[] blocks)
    {
        foreach (RowBlock block in blocks)
        {
            budget.Reserve(block.SizeInBytes);
        }
        Volatile.Write(ref _blocks, [.. _blocks, .. blocks]);
    }

    /// <summary>The last blocks, when there are enough small ones to make one of them.</summary>
    public ReadOnlySpan<RowBlock> Mergeable(int smallRows)
    {
        if (_blocks.Length < MergedCount)
        {
            return default;
        }
        ReadOnlySpan<RowBlock> last = _blocks.AsSpan(_blocks.Length - MergedCount);
        for (int i = 0; i < last.Length; i++)
        {
            if (last[i].Rows > smallRows || last[i].ColumnCount != last[0].ColumnCount || (i > 0 && last[i].FirstRow != last[i - 1].EndRow))
            {
                return default;
            }
        }
        return last;
    }

    /// <summary>Puts one block in the place of the last ones.</summary>
    public void ReplaceLast(RowBlock merged)
    {
        foreach (RowBlock block in _blocks.AsSpan(_blocks.Length - MergedCount))
        {
            budget.Release(block.SizeInBytes);
        }
        budget.Reserve(merged.SizeInBytes);
        Volatile.Write(ref _blocks, [.. _blocks.AsSpan(0, _blocks.Length - MergedCount), merged]);
    }

    /// <summary>Forgets blocks received before this. Returns how many bytes that freed.</summary>
    public long DropBefore(long receivedNs)
    {
        RowBlock[] blocks = _blocks;
        int dropped = 0;
        long bytes = 0;
        while (dropped < blocks.Length && blocks[dropped].ReceivedNs < receivedNs)
        {
            bytes += blocks[dropped++].SizeInBytes;
        }
        if (dropped > 0)
        {
            Volatile.Write(ref _blocks, blocks[dropped..]);
            budget.Release(bytes);
        }
        return bytes;
    }

    /// <summary>The block that holds this row, or the first one after it; null when there is none.</summary>
    public RowBlock? From(long row)
    {
        ReadOnlySpan<RowBlock> blocks = All;
        int low = 0;
        int high = blocks.Length;
        while (low < high)
        {
            int middle = (low + high) >> 1;
            if (blocks[middle].EndRow > row)
            {
                high = middle;
            }
            else
            {
                low = middle + 1;
            }
        }
        return low < blocks.Length ? blocks[low] : null;
    }
}
