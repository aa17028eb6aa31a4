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
    private readonly List<(RecordRing Ring, long Head)> _parkingRecords = [];
    private readonly List<Series> _histogramSeries = [];
    private readonly HistogramSealer _histograms = new(store);
    private readonly RowSealer _rows = new();
    private readonly IdleEviction _idle = new(store, store.Catalog);
    private uint _newestSeriesSeen;
    private long _lateOfGone;
    private long _passes;

    /// <summary>Samples compressed so far.</summary>
    public long SealedSamples => store.History.SealedSamples;

    /// <summary>Bytes of history forgotten because the budget was used up.</summary>
    public long EvictedBytes => store.History.EvictedBytes;

    /// <summary>How often an idle ring gave its memory back.</summary>
    public long ParkedCount => store.History.ParkedRings;

    /// <summary>Rows that were overwritten before they could be sealed.</summary>
    public long LostRows => _rows.LostRows + _histograms.LostRows;

    public void Pass(long nowNs) => PassUntil(nowNs, default);

    /// <summary>Asked to stop it leaves the rest to the next pass, or to <see cref="SealAll"/>.</summary>
    public void PassUntil(long nowNs, CancellationToken stop)
    {
        while (store.Groups.TryTakeMade(out RowGroup? made))
        {
            _groups.Add(made);
        }
        long idleBeforeNs = nowNs - (store.Options.IdleSecondsMax * 1_000_000_000L);
        long late = _lateOfGone;
        foreach (RowGroup group in _groups)
        {
            if (stop.IsCancellationRequested)
            {
                break;
            }
            Seal(group, idleBeforeNs);
            late += group.Ring.LateRows * group.Ring.Width;
        }
        late += SealHistograms(idleBeforeNs, stop);
        if (stop.IsCancellationRequested)
        {
            Park();
            return;
        }
        store.History.LateSamples = late;
        store.History.LostSamples = _rows.LostSamples + _histograms.LostRows;
        if (_passes % ExpiryCheckedEveryPasses == 0)
        {
            DropExpired(nowNs);
        }
        Park();
        EvictOldest();
        bool isTime = ++_passes % TracksCheckedEveryPasses == 0;
        if (isTime || (_idle.IsWanted && _passes % ExpiryCheckedEveryPasses == 0))
        {
            _idle.Pass(nowNs);
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
        SealHistograms(idleBeforeNs: long.MaxValue, stop: default);
        Park();
        Evict(AllLists().Sum(list => list.SizeInBytes) - bytesMax);
    }

    /// <summary>Returns how many histograms came late so far.</summary>
    private long SealHistograms(long idleBeforeNs, CancellationToken stop)
    {
        foreach (Series series in store.SeriesAfter(_newestSeriesSeen))
        {
            _newestSeriesSeen = series.Id;
            if (series.Kind == SeriesKind.Histogram)
            {
                _histogramSeries.Add(series);
            }
        }
        long late = 0;
        foreach (Series series in _histogramSeries)
        {
            if (stop.IsCancellationRequested)
            {
                break;
            }
            RecordRing ring = series.Records!;
            bool isIdle = ring.ReceivedNs < idleBeforeNs;
            store.History.SealedSamples += _histograms.Seal(series, isIdle);
            if (isIdle && ring.Capacity > 0 && ring.SealedRecords == ring.Head)
            {
                _histograms.Close(series);
                _parkingRecords.Add((ring, ring.AskToPark()));
            }
            late += ring.LateRecords;
        }
        return late;
    }

    private void DropExpired(long nowNs)
    {
        long samplesFromNs = nowNs - (store.Options.HistorySecondsMax * 1_000_000_000L);
        long secondsFromNs = nowNs - (store.Options.SecondRollupsSecondsMax * 1_000_000_000L);
        long minutesFromNs = nowNs - (store.Options.MinuteRollupsSecondsMax * 1_000_000_000L);
        foreach (RowGroup group in _groups)
        {
            group.Blocks.DropBefore(samplesFromNs);
            group.Rollups?.Seconds.Blocks.DropBefore(secondsFromNs);
            group.Rollups?.Minutes.Blocks.DropBefore(minutesFromNs);
        }
        foreach (Series series in _histogramSeries)
        {
            series.Histograms?.Blocks.DropBefore(samplesFromNs);
            series.Histograms?.Seconds.Blocks.DropBefore(secondsFromNs);
            series.Histograms?.Minutes.Blocks.DropBefore(minutesFromNs);
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
        if (_parking.Count + _parkingRecords.Count == 0)
        {
            return;
        }
        Interlocked.MemoryBarrierProcessWide();
        foreach ((RowGroup group, long head) in _parking)
        {
            store.History.ParkedRings += group.Ring.TryPark(head) ? 1 : 0;
        }
        foreach ((RecordRing ring, long head) in _parkingRecords)
        {
            store.History.ParkedRings += ring.TryPark(head) ? 1 : 0;
        }
        _parking.Clear();
        _parkingRecords.Clear();
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
        store.History.EvictedBytes += evicted;
    }

    private IEnumerable<BlockList> AllLists()
    {
        foreach (RowGroup group in _groups)
        {
            yield return group.Blocks;
            if (group.Rollups is { } rollups)
            {
                yield return rollups.Seconds.Blocks;
                yield return rollups.Minutes.Blocks;
            }
        }
        foreach (Series series in _histogramSeries)
        {
            if (series.Histograms is { } history)
            {
                yield return history.Blocks;
                yield return history.Seconds.Blocks;
                yield return history.Minutes.Blocks;
            }
        }
    }

    /// <summary>Closed groups whose last block is gone: nobody needs them, and the tracks of their series forget them.</summary>
    private void ForgetGone()
    {
        _histogramSeries.RemoveAll(series =>
        {
            _lateOfGone += series.IsEvicted ? series.Records!.LateRecords : 0;
            return series.IsEvicted;
        });
        int gone = _groups.RemoveAll(group =>
        {
            if (group.IsClosed && group.UserCount == 0)
            {
                group.Drop();
            }
            bool isGone = group.IsClosed && group.Ring.SealedRows == group.Ring.Head && group.Ring.Capacity == 0 && group.IsEmpty;
            if (isGone)
            {
                group.SetGone();
                _lateOfGone += group.Ring.LateRows * group.Ring.Width;
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
