using Observability.Aggregator.Storage;

namespace Observability.Aggregator.Ingest;

/// <summary>
/// Which metric names have the most series, and which of their labels makes them so many: it has the most values. Control plane: counted when asked
/// for, and only when series have been added since.
/// </summary>
internal sealed class Cardinality(TelemetryStore store, IngestOptions options)
{
    /// <summary>Names reported.</summary>
    private const int NamesMax = 5;

    /// <summary>A name with at least so many series, half of which differ in one label, is said to explode.</summary>
    private const int ExplodingSeriesMin = 1000;

    private readonly Lock _lock = new();
    private IReadOnlyList<MetricCardinality> _latest = [];
    private long _version = -1;

    /// <summary>The largest names first.</summary>
    public IReadOnlyList<MetricCardinality> Read()
    {
        lock (_lock)
        {
            long version = store.CatalogVersion;
            if (version != _version)
            {
                _latest = Count();
                _version = version;
            }
            return _latest;
        }
    }

    private List<MetricCardinality> Count()
    {
        Dictionary<string, List<Series>> byName = new(StringComparer.Ordinal);
        foreach (Series series in store.AllSeries)
        {
            if (!byName.TryGetValue(series.Name, out List<Series>? named))
            {
                byName.Add(series.Name, named = []);
            }
            named.Add(series);
        }
        return [.. byName.OrderByDescending(pair => pair.Value.Count).Take(NamesMax).Select(pair => Describe(pair.Key, pair.Value))];
    }

    private MetricCardinality Describe(string name, List<Series> named)
    {
        Dictionary<string, HashSet<string>> values = new(StringComparer.Ordinal);
        foreach (Label label in named.SelectMany(series => series.Labels))
        {
            if (!values.TryGetValue(label.Name, out HashSet<string>? seen))
            {
                values.Add(label.Name, seen = new HashSet<string>(StringComparer.Ordinal));
            }
            seen.Add(label.Value);
        }
        LabelCardinality[] labels = [.. values.Select(pair => new LabelCardinality(pair.Key, pair.Value.Count)).OrderByDescending(label => label.Values)];
        int least = Math.Min(ExplodingSeriesMin, Math.Min(options.SeriesPerNameMax, store.Options.SeriesMax));
        bool explodes = named.Count >= least && labels.Length > 0 && labels[0].Values * 2 >= named.Count;
        return new MetricCardinality(name, named.Count, explodes ? labels[0].Name : null, labels);
    }
}

/// <summary>One metric name: its series, and the label whose values explode, if one does.</summary>
internal sealed record MetricCardinality(string Name, int Series, string? ExplodingLabel, IReadOnlyList<LabelCardinality> Labels);

internal sealed record LabelCardinality(string Name, int Values);
