using Observability.Aggregator.Rings;

namespace Observability.Aggregator.Storage;

/// <summary>
/// Lets series leave that have rested long, and sources that have none left and that nobody holds; where a limit was met, those that have rested longest, as soon
/// as they count as idle. The sealer's thread; a source that is being written at the moment is left for the next time.
/// </summary>
internal sealed class IdleSeries(TelemetryStore store, SeriesCatalog catalog)
{
    /// <summary>Of a limit that was met, this part is made free: a sender past it must not make us look every time.</summary>
    private const int FreedShare = 10;

    private readonly List<Series> _leaving = [];
    private readonly Dictionary<RowGroup, int> _leavingOfGroup = [];
    private long _idleBeforeNs;
    private long _leaveBeforeNs;
    private long _seriesCutNs;
    private long _sourceCutNs;
    private readonly Dictionary<ServiceUsage, long> _serviceCutNs = [];

    /// <summary>A limit was met: looked at sooner than otherwise.</summary>
    public bool IsWanted => catalog.WantsSeries || catalog.WantsSources;

    public void Pass(long nowNs)
    {
        _idleBeforeNs = nowNs - (store.Options.IdleSecondsMax * 1_000_000_000L);
        _leaveBeforeNs = nowNs - (Math.Max(store.Options.IdleSecondsMax, store.Options.LeaveSecondsMax) * 1_000_000_000L);
        Judge();
        bool hasChanged = false;
        foreach (Source source in store.Sources)
        {
            hasChanged |= TryLeave(source);
        }
        if (hasChanged)
        {
            catalog.Compact();
        }
    }

    /// <summary>Before which time of receipt a series goes, of those that a limit asks to.</summary>
    private void Judge()
    {
        (_seriesCutNs, _sourceCutNs) = (long.MinValue, long.MinValue);
        _serviceCutNs.Clear();
        bool wantsSources = catalog.WantsSources;
        if (catalog.WantsSeries)
        {
            _seriesCutNs = CutOf(store.AllSeries.ToArray(), store.Options.SeriesMax);
        }
        catalog.TakeWishes();
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

    private bool TryLeave(Source source)
    {
        SourceWriter writer = source.Writer;
        bool sourceIsWanted = writer.HolderCount == 0 && source.NewestReceivedNs <= _sourceCutNs;
        long cutNs = Math.Max(_leaveBeforeNs - 1, _seriesCutNs);
        cutNs = Math.Max(cutNs, _serviceCutNs.GetValueOrDefault(writer.Usage, long.MinValue));
        cutNs = sourceIsWanted ? _idleBeforeNs - 1 : cutNs;
        bool wasUsed = source.NewestReceivedNs != 0 || writer.RestoredUntilNs != long.MinValue;
        bool mayLeave = wasUsed && source.NewestReceivedNs < _idleBeforeNs && (sourceIsWanted || source.NewestReceivedNs < _leaveBeforeNs);
        if (!(mayLeave && source.Series.Count == 0) && !HasSeriesUntil(source, cutNs))
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
            if (_leaving.Count > 0)
            {
                catalog.Remove(writer, _leaving);
            }
            return (mayLeave && catalog.TryRemove(writer)) || _leaving.Count > 0;
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

    /// <summary>In the writer's turn. Series that are written together leave together.</summary>
    private void Choose(Source source, long cutNs)
    {
        _leaving.Clear();
        _leavingOfGroup.Clear();
        foreach (Series series in source.Series.AsSpan())
        {
            if (ReceivedNs(series) <= cutNs && IsAtRest(series))
            {
                _leaving.Add(series);
                if (series.Track is { } track)
                {
                    _leavingOfGroup[track.Group] = _leavingOfGroup.GetValueOrDefault(track.Group) + 1;
                }
            }
        }
        _leaving.RemoveAll(series => series.Track is { Group: { IsClosed: false } group } && _leavingOfGroup[group] < group.Ring.Width);
        foreach (Series series in _leaving)
        {
            series.Track?.Group.Close();
        }
    }

    /// <summary>Its ring is sealed and has given its memory back.</summary>
    private static bool IsAtRest(Series series)
    {
        if (series.Records is { } records)
        {
            return records.Capacity == 0 && records.SealedRecords == records.Head;
        }
        RowRing? ring = series.Track?.Ring;
        return ring is null || (ring.Capacity == 0 && ring.SealedRows == ring.Head);
    }
}
