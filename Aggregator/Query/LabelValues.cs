using Observability.Aggregator.Selectors;

namespace Observability.Aggregator.Query;

/// <summary>The values of one label, and of each the places of the series that have it.</summary>
internal sealed class LabelValues
{
    // A place in the dictionary, a list and its array.
    private const int ValueBytes = 96;

    private readonly Dictionary<string, List<int>> _places = new(StringComparer.Ordinal);

    /// <summary>Returns the bytes by which this grew.</summary>
    public int Add(string value, int place)
    {
        int bytes = 0;
        if (!_places.TryGetValue(value, out List<int>? places))
        {
            _places.Add(value, places = []);
            bytes = ValueBytes;
        }
        int capacity = places.Capacity;
        places.Add(place);
        return bytes + ((places.Capacity - capacity) * sizeof(int));
    }

    /// <summary>The places of every value for which the condition holds.</summary>
    public List<List<int>> Where(LabelMatcher matcher)
    {
        if (matcher.Operator == MatchOperator.Equal)
        {
            return _places.TryGetValue(matcher.Value, out List<int>? places) ? [places] : [];
        }
        List<List<int>> found = [];
        foreach ((string value, List<int> places) in _places)
        {
            if (matcher.MatchesValue(value))
            {
                found.Add(places);
            }
        }
        return found;
    }
}
