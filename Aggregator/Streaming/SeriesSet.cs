using Observability.Aggregator.Selectors;
using Observability.Aggregator.Storage;

namespace Observability.Aggregator.Streaming;

/// <summary>
/// The series that some selectors match, in the order of their ids, growing as series appear. Written by one thread at a time: the connection
/// that makes it, then the frame loop. Read by anyone: members are only ever added at the end.
/// </summary>
internal sealed class SeriesSet
{
    private readonly Selector[] _selectors;
    private readonly List<Series> _unitless = [];
    private uint _scannedId;

    private SeriesSet(string key, Selector[] selectors, int countMax)
    {
        Key = key;
        _selectors = selectors;
        CountMax = countMax;
    }

    /// <summary>Equal for sets of equal selectors: connections that share it share frames.</summary>
    public string Key { get; }

    public int CountMax { get; }

    public PublishedList<Series> Members { get; } = new();

    /// <summary>Series that matched when the set was full.</summary>
    public int RefusedCount { get; private set; }

    /// <summary>How many subscriptions and streams hold it. The frame loop's.</summary>
    public int UserCount { get; set; }

    public static SeriesSet Of(Selector selector, int countMax) => new($"{selector} max {countMax}", [selector], countMax);

    public static string KeyOfUnion(IEnumerable<SeriesSet> sets) =>
        string.Join('\n', sets.Select(set => set.Key).Distinct().Order(StringComparer.Ordinal));

    /// <summary>What any of the sets holds. The sets are brought up to date, so that nothing is matched twice.</summary>
    public static SeriesSet Union(IReadOnlyCollection<SeriesSet> sets, TelemetryStore store)
    {
        ReadOnlySpan<Series> all = store.AllSeries;
        uint scannedId = all.IsEmpty ? 0 : all[^1].Id;
        foreach (SeriesSet set in sets)
        {
            set.Refresh(store, scannedId);
        }
        var union = new SeriesSet(KeyOfUnion(sets), [.. sets.SelectMany(set => set._selectors)], sets.Sum(set => set.CountMax))
        {
            _scannedId = scannedId,
        };
        foreach (Series series in sets.SelectMany(set => set.Members.AsSpan().ToArray()).DistinctBy(series => series.Id).OrderBy(series => series.Id))
        {
            union.Add(series);
        }
        return union;
    }

    /// <summary>Adds what appeared in the store since the last call. Returns how many series were refused because the set is full.</summary>
    public int Refresh(TelemetryStore store) => Refresh(store, uint.MaxValue);

    private int Refresh(TelemetryStore store, uint scanUntil)
    {
        int refused = 0;
        foreach (Series series in store.SeriesAfter(_scannedId))
        {
            if (series.Id > scanUntil)
            {
                break;
            }
            _scannedId = series.Id;
            if (!Matches(series))
            {
                continue;
            }
            if (Members.Count < CountMax)
            {
                Add(series);
            }
            else
            {
                refused++;
            }
        }
        RefusedCount += refused;
        return refused;
    }

    /// <summary>Members whose unit was unknown when they came in and is known now; each is told once.</summary>
    public Series[] TakeKnownUnits()
    {
        if (_unitless.Count == 0)
        {
            return [];
        }
        Series[] known = [.. _unitless.Where(series => series.Unit.Length > 0)];
        _unitless.RemoveAll(series => series.Unit.Length > 0);
        return known;
    }

    private void Add(Series series)
    {
        if (series.Unit.Length == 0)
        {
            _unitless.Add(series);
        }
        Members.Add(series);
    }

    private bool Matches(Series series)
    {
        foreach (Selector selector in _selectors)
        {
            if (selector.Matches(series))
            {
                return true;
            }
        }
        return false;
    }
}
