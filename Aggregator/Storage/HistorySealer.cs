using Observability.Aggregator.History;
using Observability.Aggregator.Rings;

namespace Observability.Aggregator.Storage;

/// <summary>
/// Moves samples from the rings into compressed blocks, and forgets the oldest. One thread, off the data plane: it reads rings as any reader does,
/// and no writer ever waits for it. A pass takes what has come since the last one.
/// </summary>
internal sealed class HistorySealer(TelemetryStore store)
{
    private const int ExpiryCheckedEveryPasses = 4;
    private const int TracksCheckedEveryPasses = 64;

    // What is left free so that rings can grow: at the budget the oldest history goes, never the present.
    private const double BudgetShareMax = 0.92;
    private const double BudgetShareAfterEviction = 0.87;

    private readonly List<RowGroup> _groups = [];
    private readonly List<(RowGroup Group, long Head)> _parking = [];
    private readonly List<Series> _histogramSeries = [];
    private readonly HistogramSealer _histograms = new(store);
    private readonly RowSealer _rows = new();
    private int _seriesSeen;
    private long _lateOfGroupsGone;
    private long _passes;

    /// <summary>Samples compressed so far.</summary>
    public long SealedSamples => store.History.SealedSamples;

    /// <summary>Bytes of history forgotten because the budget was used up.</summary>
    public long EvictedBytes => store.History.EvictedBytes;

    /// <summary>How often an idle ring gave its memory back.</summary>
    public long ParkedCount => store.History.ParkedRings;

    /// <summary>Rows that were overwritten before they could be sealed.</summary>
    public long LostRows => _rows.LostRows;

    public void Pass(long nowNs)
    {
        while (store.Groups.TryTakeMade(out RowGroup? made))
        {
            _groups.Add(made);
        }
        long idleBeforeNs = nowNs - (store.Options.IdleSecondsMax * 1_000_000_000L);
        long late = _lateOfGroupsGone;
        foreach (RowGroup group in _groups)
        {
            Seal(group, idleBeforeNs);
            late += group.Ring.LateRows * group.Ring.Width;
        }
        store.History.LateSamples = late;
        store.History.LostSamples = _rows.LostSamples;
        if (_passes % ExpiryCheckedEveryPasses == 0)
        {
            SealHistograms(nowNs);
            DropExpired(nowNs);
        }
        Park();
        EvictOldest();
        if (++_passes % TracksCheckedEveryPasses == 0)
        {
            ForgetGone();
        }
    }

    /// <summary>For a store that is written no more: everything sealed, and of the history the newest so many bytes. Its thread has ended.</summary>
    public void SealAll(long nowNs, long bytesMax)
    {
        Pass(nowNs);
        foreach (RowGroup group in _groups)
        {
            Seal(group, idleBeforeNs: long.MaxValue);
        }
        Park();
        Evict(AllLists().Sum(list => list.SizeInBytes) - bytesMax);
    }

    private void SealHistograms(long nowNs)
    {
        ReadOnlySpan<Series> all = store.AllSeries;
        for (; _seriesSeen < all.Length; _seriesSeen++)
        {
            if (all[_seriesSeen].Kind == SeriesKind.Histogram)
            {
                _histogramSeries.Add(all[_seriesSeen]);
            }
        }
        foreach (Series series in _histogramSeries)
        {
            _histograms.Seal(series, nowNs);
        }
    }

    private void DropExpired(long nowNs)
    {
        foreach (RowGroup group in _groups)
        {
            group.Blocks.DropBefore(nowNs - (store.Options.HistorySecondsMax * 1_000_000_000L));
            group.Rollups?.Seconds.Blocks.DropBefore(nowNs - (store.Options.SecondRollupsSecondsMax * 1_000_000_000L));
            group.Rollups?.Minutes.Blocks.DropBefore(nowNs - (store.Options.MinuteRollupsSecondsMax * 1_000_000_000L));
        }
        foreach (Series series in _histogramSeries)
        {
            series.HistogramRollups?.Seconds.DropBefore(nowNs - (store.Options.SecondRollupsSecondsMax * 1_000_000_000L));
            series.HistogramRollups?.Minutes.DropBefore(nowNs - (store.Options.MinuteRollupsSecondsMax * 1_000_000_000L));
        }
    }

    private void Seal(RowGroup group, long idleBeforeNs)
    {
        RowRing ring = group.Ring;
        bool isClosed = group.IsClosed;    // Before the head: what it says is then final.
        long head = ring.Head;
        bool isIdle = isClosed || ring.ReceivedNs < idleBeforeNs;
        long least = isIdle ? 1 : Math.Min(RowSealer.RowsFirst, store.Options.RingSamplesMax / 4);
        while (head - ring.SealedRows >= least)
        {
            int rows = _rows.Seal(ring, group.Kind == SeriesKind.Gauge, group.Blocks, (int)Math.Min(head - ring.SealedRows, RowSealer.RowsFirst));
            group.EnsureRollups().Seconds.Add(_rows.Cells, _rows.Aggregates, rows, _rows, ring.ReceivedNs);
            store.History.SealedSamples += (long)rows * ring.Width;
        }
        if (isIdle && ring.Capacity > 0 && ring.SealedRows == head)
        {
            group.Rollups?.Seconds.Flush(_rows, ring.ReceivedNs);
            group.Rollups?.Minutes.Flush(_rows, ring.ReceivedNs);
            _parking.Add((group, ring.AskToPark()));
        }
    }

    private void Park()
    {
        if (_parking.Count == 0)
        {
            return;
        }
        Interlocked.MemoryBarrierProcessWide();
        foreach ((RowGroup group, long head) in _parking)
        {
            store.History.ParkedRings += group.Ring.TryPark(head) ? 1 : 0;
        }
        _parking.Clear();
    }

    private void EvictOldest()
    {
        long used = store.MemoryBytes;
        if (used <= store.Options.MemoryBudgetBytes * BudgetShareMax)
        {
            return;
        }
        Evict(used - (long)(store.Options.MemoryBudgetBytes * BudgetShareAfterEviction));
    }

    private void Evict(long excess)
    {
        List<(long ReceivedNs, long Bytes)> blocks = [];
        foreach (BlockList list in AllLists())
        {
            foreach (RowBlock block in list.All)
            {
                blocks.Add((block.ReceivedNs, block.SizeInBytes));
            }
        }
        foreach (Series series in _histogramSeries)
        {
            series.HistogramRollups?.Seconds.AddAges(blocks);
            series.HistogramRollups?.Minutes.AddAges(blocks);
        }
        blocks.Sort();
        int count = 0;
        for (long freed = 0; count < blocks.Count && freed < excess; count++)
        {
            freed += blocks[count].Bytes;
        }
        if (count == 0)
        {
            return;
        }
        long cutNs = blocks[count - 1].ReceivedNs + 1;
        long evicted = 0;
        foreach (BlockList list in AllLists())
        {
            evicted += list.DropBefore(cutNs);
        }
        foreach (Series series in _histogramSeries)
        {
            evicted += (series.HistogramRollups?.Seconds.DropBefore(cutNs) ?? 0) + (series.HistogramRollups?.Minutes.DropBefore(cutNs) ?? 0);
        }
        store.History.EvictedBytes += evicted;
    }

    private IEnumerable<BlockList> AllLists() => _groups.SelectMany(group => group.Rollups is { } rollups
        ? new[] { group.Blocks, rollups.Seconds.Blocks, rollups.Minutes.Blocks }
        : [group.Blocks]);

    /// <summary>Closed groups whose last block is gone: nobody needs them, and the tracks of their series forget them.</summary>
    private void ForgetGone()
    {
        int gone = _groups.RemoveAll(group =>
        {
            bool isGone = group.IsClosed && group.Ring.SealedRows == group.Ring.Head && group.Ring.Capacity == 0 && group.IsEmpty;
            if (isGone)
            {
                group.SetGone();
                _lateOfGroupsGone += group.Ring.LateRows * group.Ring.Width;
            }
            return isGone;
        });
        if (gone == 0)
        {
            return;
        }
        foreach (Series series in store.AllSeries)
        {
            series.Track?.ForgetGone();
        }
    }
}
