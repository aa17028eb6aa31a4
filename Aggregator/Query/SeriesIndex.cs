using System.Runtime.InteropServices;
using Observability.Aggregator.Selectors;
using Observability.Aggregator.Storage;

namespace Observability.Aggregator.Query;

/// <summary>
/// Finds the series of a selector: which series have a value is known for each value of each label, so that a condition is tried once for each value and the rest is
/// the intersection of bitmaps. Follows the catalog when it is asked, and is made anew when many of its series have left; what it holds is in the memory budget. Any
/// thread; one search at a time.
/// </summary>
internal sealed class SeriesIndex(TelemetryStore store)
{
    /// <summary>A condition that holds for this many times more series than are left is asked of those one by one.</summary>
    private const int AskOneByOneFrom = 8;

    private const int LeftMin = 1024;

    private readonly Lock _lock = new();
    private readonly List<Series> _series = [];
    private readonly Dictionary<string, LabelValues> _labels = new(StringComparer.Ordinal);
    private readonly List<(LabelMatcher Matcher, List<List<int>> Places, int Count)> _conditions = [];
    private uint _newestId;
    private long _leftSeen;
    private long _bytes;
    private long _bytesReserved;
    private ulong[] _found = [];
    private ulong[] _other = [];

    /// <summary>In the order of their ids.</summary>
    public List<Series> Find(Selector selector)
    {
        lock (_lock)
        {
            Follow();
            _conditions.Clear();
            foreach (LabelMatcher matcher in selector.Matchers)
            {
                // One that holds for what a series does not have can only be asked of each.
                if (!matcher.MatchesValue(""))
                {
                    List<List<int>> places = _labels.TryGetValue(matcher.Label, out LabelValues? values) ? values.Where(matcher) : [];
                    _conditions.Add((matcher, places, places.Sum(one => one.Count)));
                }
            }
            return Intersect([.. selector.Matchers.Where(matcher => matcher.MatchesValue(""))]);
        }
    }

    private List<Series> Intersect(List<LabelMatcher> askedOfEach)
    {
        _conditions.Sort((one, other) => one.Count.CompareTo(other.Count));
        int words = (_series.Count + 63) >> 6;
        (_found, _other) = (_found.Length < words ? new ulong[words * 2] : _found, _other.Length < words ? new ulong[words * 2] : _other);
        Span<ulong> found = _found.AsSpan(0, words);
        found.Fill(_conditions.Count == 0 ? ulong.MaxValue : 0);
        int left = _conditions.Count == 0 ? _series.Count : _conditions[0].Count;
        for (int index = 0; index < _conditions.Count; index++)
        {
            (LabelMatcher matcher, List<List<int>> places, int count) = _conditions[index];
            if (index == 0)
            {
                Mark(places, found);
            }
            else if (count > (long)left * AskOneByOneFrom)
            {
                askedOfEach.Add(matcher);
            }
            else
            {
                Span<ulong> other = _other.AsSpan(0, words);
                other.Clear();
                Mark(places, other);
                for (int word = 0; word < words; word++)
                {
                    found[word] &= other[word];
                }
            }
        }
        return Read(found, askedOfEach);
    }

    private List<Series> Read(ReadOnlySpan<ulong> found, List<LabelMatcher> askedOfEach)
    {
        List<Series> series = [];
        for (int word = 0; word < found.Length; word++)
        {
            for (ulong bits = found[word]; bits != 0; bits &= bits - 1)
            {
                int place = (word << 6) + System.Numerics.BitOperations.TrailingZeroCount(bits);
                if (place < _series.Count && !_series[place].IsEvicted && Holds(askedOfEach, _series[place]))
                {
                    series.Add(_series[place]);
                }
            }
        }
        return series;
    }

    private static bool Holds(List<LabelMatcher> matchers, Series series)
    {
        foreach (LabelMatcher matcher in matchers)
        {
            if (!matcher.Matches(series))
            {
                return false;
            }
        }
        return true;
    }

    private static void Mark(List<List<int>> places, Span<ulong> bits)
    {
        foreach (List<int> some in places)
        {
            foreach (int place in CollectionsMarshal.AsSpan(some))
            {
                bits[place >> 6] |= 1UL << (place & 63);
            }
        }
    }

    private void Follow()
    {
        long left = store.Catalog.EvictedSeries;
        if (left - _leftSeen > Math.Max(LeftMin, _series.Count / 4))
        {
            (_leftSeen, _newestId) = (left, 0);
            _series.Clear();
            _labels.Clear();
            _bytes = 0;
        }
        foreach (Series series in store.SeriesAfter(_newestId))
        {
            _newestId = series.Id;
            int place = _series.Count;
            _series.Add(series);
            Add(LabelMatcher.MetricName, series.Name, place);
            Add("service", series.Source.Service, place);
            Add("instance", series.Source.Instance, place);
            foreach (Label label in series.Labels.AsSpan())
            {
                Add(label.Name, label.Value, place);
            }
        }
        // Past the budget if need be: the limit on series bounds it, and history makes room.
        long bytes = _bytes + (_series.Capacity * IntPtr.Size);
        store.Budget.Reserve(bytes - _bytesReserved);
        _bytesReserved = bytes;
    }

    private void Add(string label, string value, int place)
    {
        if (!_labels.TryGetValue(label, out LabelValues? values))
        {
            _labels.Add(label, values = new LabelValues());
        }
        _bytes += values.Add(value, place);
    }
}
