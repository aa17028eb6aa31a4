using System.Collections.Concurrent;
using Observability.Aggregator.Selectors;
using Observability.Aggregator.Storage;

namespace Observability.Aggregator.Streaming.Viewers;

/// <summary>
/// The sets in use, and the one place where series are matched against selectors. Owned by the frame loop's thread; only
/// <see cref="FindOrMatch"/> may be called by anyone.
/// </summary>
internal sealed class SeriesSets(TelemetryStore store, StreamingCounters counters)
{
    private readonly ConcurrentDictionary<string, SeriesSet> _sets = new(StringComparer.Ordinal);
    private long _catalogVersion = -1;

    /// <summary>A set is full and refused this many series.</summary>
    public event Action<SeriesSet, int>? SeriesRefused;

    /// <summary>The units of these members became known.</summary>
    public event Action<SeriesSet, Series[]>? UnitsKnown;

    /// <summary>
    /// The set of this selector. Matching every series by regular expressions may take milliseconds, so connections do it on their own thread,
    /// and only the first of those that ask for the same.
    /// </summary>
    public SeriesSet FindOrMatch(Selector selector, int countMax)
    {
        string key = $"{selector} max {countMax}";
        if (_sets.TryGetValue(key, out SeriesSet? shared))
        {
            return shared;
        }
        var set = new SeriesSet(key, [selector], countMax);
        MatchNew(set);
        return set;
    }

    /// <summary>The set of this key that is in use, or this one from now on.</summary>
    public SeriesSet Acquire(SeriesSet set)
    {
        SeriesSet shared = _sets.GetOrAdd(set.Key, set);
        shared.UserCount++;
        if (ReferenceEquals(shared, set))
        {
            MatchNew(set);
        }
        return shared;
    }

    public SeriesSet AcquireUnion(IReadOnlyCollection<SeriesSet> sets)
    {
        string key = KeyOfUnion(sets);
        return Acquire(sets.FirstOrDefault(set => set.Key == key) ?? _sets.GetValueOrDefault(key) ?? Union(key, sets));
    }

    public void Release(SeriesSet set)
    {
        if (--set.UserCount == 0)
        {
            _sets.TryRemove(set.Key, out _);
        }
    }

    /// <summary>Matches the series that appeared since the last call. False: none did.</summary>
    public bool TakeNewSeries()
    {
        long version = store.CatalogVersion;
        if (version == _catalogVersion)
        {
            return false;
        }
        _catalogVersion = version;
        foreach (SeriesSet set in _sets.Values)
        {
            int refused = MatchNew(set);
            if (refused > 0)
            {
                counters.OnSeriesRefused(refused);
                SeriesRefused?.Invoke(set, refused);
            }
            if (set.TakeKnownUnits() is { Length: > 0 } series)
            {
                UnitsKnown?.Invoke(set, series);
            }
        }
        return true;
    }

    public static string KeyOfUnion(IEnumerable<SeriesSet> sets) =>
        string.Join('\n', sets.Select(set => set.Key).Distinct().Order(StringComparer.Ordinal));

    /// <summary>What any of the sets holds. The sets are brought up to date first, so that nothing is matched twice.</summary>
    private SeriesSet Union(string key, IReadOnlyCollection<SeriesSet> sets)
    {
        ReadOnlySpan<Series> all = store.AllSeries;
        uint newestId = all.IsEmpty ? 0 : all[^1].Id;
        foreach (SeriesSet set in sets)
        {
            MatchNew(set, newestId);
        }
        var union = new SeriesSet(key, [.. sets.SelectMany(set => set.Selectors)], sets.Sum(set => set.CountMax)) { MatchedId = newestId };
        foreach (Series series in sets.SelectMany(set => set.Members.AsSpan().ToArray()).DistinctBy(series => series.Id).OrderBy(series => series.Id))
        {
            union.TryAdd(series);
        }
        return union;
    }

    /// <summary>Matches what appeared since the set was last brought up to date. Returns how many series it refused because it is full.</summary>
    private int MatchNew(SeriesSet set, uint untilId = uint.MaxValue)
    {
        int refused = 0;
        foreach (Series series in store.SeriesAfter(set.MatchedId))
        {
            if (series.Id > untilId)
            {
                break;
            }
            set.MatchedId = series.Id;
            if (MatchesAny(set.Selectors, series) && !set.TryAdd(series))
            {
                refused++;
            }
        }
        return refused;
    }

    private static bool MatchesAny(IReadOnlyList<Selector> selectors, Series series)
    {
        foreach (Selector selector in selectors)
        {
            if (selector.Matches(series))
            {
                return true;
            }
        }
        return false;
    }
}
