using Observability.Aggregator.Selectors;
using Observability.Aggregator.Storage;

namespace Observability.Aggregator.Streaming.Viewers;

/// <summary>
/// The series that some selectors match, in the order of their ids. <see cref="SeriesSets"/> fills it as series appear: first on the thread of
/// the connection that asked for it, then on the frame loop's. Read by anyone: members are only ever added at the end.
/// </summary>
internal sealed class SeriesSet(string key, IReadOnlyList<Selector> selectors, int countMax)
{
    private readonly List<Series> _unitless = [];

    /// <summary>Equal for sets of equal selectors: connections that share it share frames.</summary>
    public string Key { get; } = key;

    public IReadOnlyList<Selector> Selectors { get; } = selectors;

    public int CountMax { get; } = countMax;

    public PublishedList<Series> Members { get; } = new();

    /// <summary>Series that matched when the set was full.</summary>
    public int RefusedCount { get; private set; }

    /// <summary>The newest series that was matched against the selectors.</summary>
    public uint MatchedId { get; set; }

    /// <summary>How many subscriptions and streams hold it. The frame loop's.</summary>
    public int UserCount { get; set; }

    /// <summary>Takes a series that matches; false when the set is full, which is counted.</summary>
    public bool TryAdd(Series series)
    {
        if (Members.Count == CountMax)
        {
            RefusedCount++;
            return false;
        }
        if (series.Unit.Length == 0)
        {
            _unitless.Add(series);
        }
        Members.Add(series);
        return true;
    }

    /// <summary>Members whose unit was unknown when they were added and is known now; each is returned once.</summary>
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
}
