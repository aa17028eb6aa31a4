using Observability.Aggregator.Rings;

namespace Observability.Aggregator.Storage;

/// <summary>
/// Evicts series that have been idle for long, and sources that have no series left and that nobody holds. Where a limit was met, it evicts those idle longest as
/// soon as they count as idle. The sealer's thread; a source that is being written at the moment waits for the next pass.
/// </summary>
internal sealed class IdleEviction(TelemetryStore store, SeriesCatalog catalog)
{
    /// <summary>One in so many series is evicted when a limit was met, so that a sender past it does not make every pass look again.</summary>
    private const int FreedShare = 10;

    private readonly List<Series> _evicted = [];
    private readonly Dictionary<RowGroup, int> _evictedOfGroup = [];
    private readonly Dictionary<ServiceUsage, long> _serviceCutNs = [];
    private long _idleBeforeNs;
    private long _evictBeforeNs;
    private long _seriesCutNs;
    private long _sourceCutNs;

    /// <summary>A limit was met, so the next pass is due now.</summary>
    public bool IsWanted => catalog.WantsSeries || catalog.WantsSources;

    public void Pass(long nowNs)
    {
        _idleBeforeNs = nowNs - (store.Options.IdleSecondsMax * 1_000_000_000L);
        _evictBeforeNs = nowNs - (Math.Max(store.Options.IdleSecondsMax, store.Options.LeaveSecondsMax) * 1_000_000_000L);
        FindCuts();
        bool hasChanged = false;
        foreach (Source source in store.Sources)
        {
            hasChanged |= TryEvict(source);
        }
        if (hasChanged)
        {
            catalog.Compact();
        }
    }

    /// <summary>Finds, for each limit that was met, the time of receipt up to which idle series are evicted.</summary>
    private void FindCuts()
    {
        (_seriesCutNs, _sourceCutNs) = (long.MinValue, long.MinValue);
        _serviceCutNs.Clear();
        bool wantsSources = catalog.WantsSources;
        if (catalog.WantsSeries)
        {
            _seriesCutNs = CutOf(store.AllSeries.ToArray(), store.Options.SeriesMax);
        }
        catalog.ClearWants();
        if (wantsSources)
        {
            _sourceCutNs = Oldest([.. store.Sources.Where(source => source.Writer.HolderCount == 0).Select(source => source.NewestReceivedNs)], store.Options.SourcesMax);
        }
        foreach (IGrouping<ServiceUsage, Source> service in store.Sources.Where(source => source.Writer.Usage.WantsRoom).GroupBy(source => source.Writer.Usage))
        {
            service.Key.WantsRoom = false;
            _serviceCutNs.Add(service.Key, CutOf(service.SelectMany(source => source.Series), store.Options.SeriesPerServiceMax));
        }
    }

    private long CutOf(IEnumerable<Series> series, int limit) => Oldest([.. series.Select(ReceivedNs)], limit);

    private long Oldest(List<long> receivedNs, int limit)
    {
        receivedNs.RemoveAll(ns => ns >= _idleBeforeNs);
        receivedNs.Sort();
        return receivedNs.Count == 0 ? long.MinValue : receivedNs[Math.Min(receivedNs.Count, Math.Max(1, limit / FreedShare)) - 1];
    }

    private static long ReceivedNs(Series series) => Math.Max(series.NewestReceivedNs, series.AddedNs);

    private bool TryEvict(Source source)
    {
        SourceWriter writer = source.Writer;
        bool sourceIsWanted = writer.HolderCount == 0 && source.NewestReceivedNs <= _sourceCutNs;
        long cutNs = Math.Max(_evictBeforeNs - 1, _seriesCutNs);
        cutNs = Math.Max(cutNs, _serviceCutNs.GetValueOrDefault(writer.Usage, long.MinValue));
        cutNs = sourceIsWanted ? _idleBeforeNs - 1 : cutNs;
        bool wasUsed = source.NewestReceivedNs != 0 || writer.RestoredUntilNs != long.MinValue;
        bool mayEvictSource = wasUsed && source.NewestReceivedNs < _idleBeforeNs && (sourceIsWanted || source.NewestReceivedNs < _evictBeforeNs);
        if (!(mayEvictSource && source.Series.Count == 0) && !HasSeriesUntil(source, cutNs))
        {
            return false;
        }
        if (!writer.TryEnter())
        {
            return false;
        }
        try
        {
            Choose(source, cutNs);
            if (_evicted.Count > 0)
            {
                catalog.Evict(writer, _evicted);
            }
            return (mayEvictSource && catalog.TryEvict(writer)) || _evicted.Count > 0;
        }
        finally
        {
            writer.Exit();
        }
    }

    private static bool HasSeriesUntil(Source source, long cutNs)
    {
        foreach (Series series in source.Series.AsSpan())
        {
            if (ReceivedNs(series) <= cutNs)
            {
                return true;
            }
        }
        return false;
    }

    /// <summary>In the writer's turn. Series that are written together are evicted together.</summary>
    private void Choose(Source source, long cutNs)
    {
        _evicted.Clear();
        _evictedOfGroup.Clear();
        foreach (Series series in source.Series.AsSpan())
        {
            if (ReceivedNs(series) <= cutNs && IsParked(series))
            {
                _evicted.Add(series);
                if (series.Track is { } track)
                {
                    _evictedOfGroup[track.Group] = _evictedOfGroup.GetValueOrDefault(track.Group) + 1;
                }
            }
        }
        _evicted.RemoveAll(series => series.Track is { Group: { IsClosed: false } group } && _evictedOfGroup[group] < group.Ring.Width);
        foreach (Series series in _evicted)
        {
            series.Track?.Group.Close();
        }
    }

    /// <summary>Its ring is sealed and has released its memory.</summary>
    private static bool IsParked(Series series)
    {
        if (series.Records is { } records)
        {
            return records.Capacity == 0 && records.SealedRecords == records.Head;
        }
        RowRing? ring = series.Track?.Ring;
        return ring is null || (ring.Capacity == 0 && ring.SealedRows == ring.Head);
    }
}
