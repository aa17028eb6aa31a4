
namespace Observability.Aggregator.Export;

/// <summary>
/// Every name that a line may begin with, and the family that owns it: a gauge x_sum must not stand beside a histogram x. Used under the exporter's lock.
/// </summary>
internal sealed class ExportNames
{
    // Prometheus writes these itself for each target; an agent's own "up" of 0 must not look like a target that is down.
    private static readonly string[] OfPrometheus =
    [
        "up", "ALERTS", "ALERTS_FOR_STATE", "scrape_duration_seconds", "scrape_samples_scraped", "scrape_samples_post_metric_relabeling",
        "scrape_series_added", "scrape_timeout_seconds", "scrape_sample_limit", "scrape_body_size_bytes",
    ];

    private readonly HashSet<string> _taken = new(OfPrometheus, StringComparer.Ordinal);

    // Names that only OpenMetrics adds to a family: they yield to a family that is called so.
    private readonly Dictionary<string, ExportedFamily> _yielding = new(StringComparer.Ordinal);

    /// <summary>A family of the platform's own, in both formats.</summary>
    public void Reserve(string name, FamilyType type)
    {
        _taken.UnionWith(NamesOf(name, type));
        _taken.UnionWith(OpenMetricsNamesOf(name, type));
    }

    /// <summary>False when one of its names is taken.</summary>
    public bool TryTake(ExportedFamily family)
    {
        string[] names = NamesOf(family.Name, family.Type);
        if (names.Any(_taken.Contains))
        {
            return false;
        }
        _taken.UnionWith(names);
        foreach (string name in names)
        {
            if (_yielding.Remove(name, out ExportedFamily? yielding))
            {
                yielding.LoseOpenMetricsNames();
            }
        }
        string[] further = OpenMetricsNamesOf(family.Name, family.Type);
        if (further.Any(name => _taken.Contains(name) || _yielding.ContainsKey(name)))
        {
            family.LoseOpenMetricsNames();
            return true;
        }
        foreach (string name in further)
        {
            _yielding.Add(name, family);
        }
        return true;
    }

    private static string[] NamesOf(string name, FamilyType type) => type switch
    {
        FamilyType.Histogram => [name, name + "_bucket", name + "_sum", name + "_count"],
        FamilyType.Summary => [name, name + "_sum", name + "_count"],
        _ => [name],
    };

    private static string[] OpenMetricsNamesOf(string name, FamilyType type)
    {
        string family = MetricNames.WithoutTotal(name);
        return type switch
        {
            FamilyType.Counter when family != name => [family, family + MetricNames.CreatedSuffix],
            FamilyType.Histogram or FamilyType.Summary => [name + MetricNames.CreatedSuffix],
            _ => [],
        };
    }
}
