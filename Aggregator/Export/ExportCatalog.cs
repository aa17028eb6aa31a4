using System.Text;
using Observability.Aggregator.Diagnostics;
using Observability.Aggregator.Storage;

namespace Observability.Aggregator.Export;

/// <summary>
/// Which name and labels each series of the agents is exposed under. A name belongs to the kind that had it first; another kind gets the name
/// with its kind behind it. Used under the exporter's lock.
/// </summary>
internal sealed class ExportCatalog(ExportOptions options)
{
    private static readonly string[] HistogramSuffixes = ["_bucket", "_sum", "_count"];

    private readonly Dictionary<string, ExportedFamily> _families = new(StringComparer.Ordinal);

    // Every name that a line may begin with: a gauge x_sum must not stand beside a histogram x.
    private readonly HashSet<string> _taken = new(StringComparer.Ordinal);
    private int _takenCount;
    private int _seriesCount;

    public IEnumerable<ExportedFamily> Families => _families.Values;

    public List<ExportedSeries> Histograms { get; } = [];

    /// <summary>Series left out because there are too many.</summary>
    public long Refused { get; private set; }

    /// <summary>Series left out because another one has the same name and labels once they are sanitised.</summary>
    public long Duplicates { get; private set; }

    /// <summary>Series whose name had to carry its kind.</summary>
    public long Renamed { get; private set; }

    /// <summary>Names of the aggregator's own families, which no agent's series may use.</summary>
    public void Reserve(string name) => _taken.Add(name);

    public void TakeNewSeries(TelemetryStore store)
    {
        ReadOnlySpan<Series> all = store.AllSeries;
        for (; _takenCount < all.Length; _takenCount++)
        {
            Take(all[_takenCount]);
        }
    }

    private void Take(Series series)
    {
        if (_seriesCount >= options.SeriesMax)
        {
            Refused++;
            return;
        }
        string name = MetricNames.Metric(series.Name);
        if (TryFamily(name, series) is not { } family)
        {
            name = $"{name}_{KindName(series.Kind)}";
            Renamed++;
            family = TryFamily(name, series);
        }
        string labels = LabelsOf(series);
        if (family is null || !family.LabelTexts.Add(labels))
        {
            Duplicates++;
            return;
        }
        _seriesCount++;
        var exported = new ExportedSeries(series, labels);
        family.Series.Add(exported);
        if (exported.Totals is not null)
        {
            Histograms.Add(exported);
        }
    }

    private ExportedFamily? TryFamily(string name, Series series)
    {
        OwnMetricType type = series.Kind switch
        {
            SeriesKind.Gauge => OwnMetricType.Gauge,
            SeriesKind.Counter => OwnMetricType.Counter,
            _ => OwnMetricType.Histogram,
        };
        if (_families.TryGetValue(name, out ExportedFamily? family))
        {
            return family.Type == type ? family : null;
        }
        string[] names = type == OwnMetricType.Histogram ? [name, .. HistogramSuffixes.Select(suffix => name + suffix)] : [name];
        if (names.Any(_taken.Contains))
        {
            return null;
        }
        _taken.UnionWith(names);
        string unit = series.Unit.Length == 0 ? "" : $", in {series.Unit}";
        family = new ExportedFamily(name, type, $"{KindName(series.Kind)} '{series.Name}' of an agent{unit}.");
        _families.Add(name, family);
        return family;
    }

    private static string LabelsOf(Series series)
    {
        var text = new StringBuilder();
        MetricNames.AppendLabel(text, "service", series.Source.Service);
        MetricNames.AppendLabel(text, "instance", series.Source.Instance);
        HashSet<string> used = new(StringComparer.Ordinal) { "service", "instance", "le", "quantile" };
        foreach (Label label in series.Labels.AsSpan())
        {
            string name = MetricNames.Label(label.Name);
            while (!used.Add(name) || name.StartsWith("__", StringComparison.Ordinal))
            {
                // Names that begin with two underscores are Prometheus's own.
                name = "label_" + name;
            }
            MetricNames.AppendLabel(text, name, label.Value);
        }
        return text.ToString();
    }

    private static string KindName(SeriesKind kind) => kind.ToString().ToLowerInvariant();
}
