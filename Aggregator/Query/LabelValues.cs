using Observability.Aggregator.Selectors;

namespace Observability.Aggregator.Query;

/// <summary>The values of one label, and of each the places of the series that have it.</summary>
internal sealed class LabelValues
{
    private readonly Dictionary<string, List<int>> _places = new(StringComparer.Ordinal);

    public void Add(string value, int place)
    {
        if (!_places.TryGetValue(value, out List<int>? places))
        {
            _places.Add(value, places = []);
        }
        places.Add(place);
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
