using System.Text;
using Observability.Aggregator.Storage;

namespace Observability.Aggregator.Export;

/// <summary>
/// Which name and labels each series of the agents is exposed under. A name belongs to the kind that had it first; another kind gets the name
/// with its kind behind it, another name that sanitises to the same one gets a mark of its own. Used under the exporter's lock.
/// </summary>
internal sealed class ExportCatalog(ExportOptions options)
{
    /// <summary>Names the labels as the agent does, where two series would be one without it.</summary>
    public const string SanitizedFromLabel = "sanitized_from";

    private readonly Dictionary<string, ExportedFamily> _families = new(StringComparer.Ordinal);
    private readonly List<ExportedFamily> _inOrder = [];
    private readonly ExportNames _names = new();
    private uint _takenId;
    private long _leftCount;
    private int _seriesCount;

    public List<ExportedFamily> Families => _inOrder;

    public List<ExportedSeries> Histograms { get; } = [];

    /// <summary>Series left out because there are too many.</summary>
    public long Refused { get; private set; }

    /// <summary>Series left out because another one has the same name and labels once they are sanitised.</summary>
    public long Duplicates { get; private set; }

    /// <summary>Series whose name had to carry its kind or a mark.</summary>
    public long Renamed { get; private set; }

    /// <summary>A family of the platform's own, whose names no agent's series may use.</summary>
    public void Reserve(string name, FamilyType type) => _names.Reserve(name, type);

    public void TakeNewSeries(TelemetryStore store)
    {
        if (store.Catalog.EvictedSeries is long left && left != _leftCount)
        {
            _leftCount = left;
            DropEvicted();
        }
        foreach (Series series in store.SeriesAfter(_takenId))
        {
            _takenId = series.Id;
            Take(series);
        }
    }

    /// <summary>The family stays, even empty: its name keeps its kind.</summary>
    private void DropEvicted()
    {
        Histograms.RemoveAll(exported => exported.Series.IsEvicted);
        foreach (ExportedFamily family in _inOrder)
        {
            _seriesCount -= family.Series.RemoveAll(exported =>
            {
                if (exported.Series.IsEvicted)
                {
                    family.LabelTexts.Remove(exported.Labels);
                }
                return exported.Series.IsEvicted;
            });
        }
    }

    private void Take(Series series)
    {
        if (_seriesCount >= options.SeriesMax)
        {
            Refused++;
            return;
        }
        ExportedFamily? family = FamilyOf(series);
        string labels = LabelsOf(series);
        if (family is not null && family.LabelTexts.Contains(labels))
        {
            var text = new StringBuilder(labels);
            MetricNames.AppendLabel(text, SanitizedFromLabel, string.Join(',', series.Labels.AsSpan().ToArray().Select(label => label.Name)));
            labels = text.ToString();
        }
        if (family is null || !family.LabelTexts.Add(labels))
        {
            Duplicates++;
            return;
        }
        _seriesCount++;
        var exported = new ExportedSeries(series, family.Name, labels);
        family.Series.Add(exported);
        if (exported.Totals is not null)
        {
            Histograms.Add(exported);
        }
    }

    private ExportedFamily? FamilyOf(Series series)
    {
        string name = MetricNames.Metric(series.Name);
        if (TryFamily(name, series) is { } family)
        {
            return family;
        }
        Renamed++;
        string kind = series.Kind.ToString().ToLowerInvariant();
        string mark = MetricNames.Mark(series.Name);
        bool isOtherName = _families.TryGetValue(name, out ExportedFamily? other) && other.RawName != series.Name;
        return isOtherName
            ? TryFamily($"{name}_{mark}", series) ?? TryFamily($"{name}_{mark}_{kind}", series)
            : TryFamily($"{name}_{kind}", series) ?? TryFamily($"{name}_{kind}_{mark}", series);
    }

    private ExportedFamily? TryFamily(string name, Series series)
    {
        if (_families.TryGetValue(name, out ExportedFamily? family))
        {
            return family.Type == ExportedFamily.TypeOf(series.Kind) && family.RawName == series.Name ? family : null;
        }
        family = new ExportedFamily(name, series.Name, series.Kind);
        if (!_names.TryTake(family))
        {
            return null;
        }
        _families.Add(name, family);
        _inOrder.Add(family);
        return family;
    }

    private static string LabelsOf(Series series)
    {
        var text = new StringBuilder();
        MetricNames.AppendLabel(text, "service", series.Source.Service);
        MetricNames.AppendLabel(text, "instance", series.Source.Instance);
        HashSet<string> used = new(StringComparer.Ordinal) { "service", "instance", "le", "quantile", SanitizedFromLabel };
        foreach (Label label in series.Labels.AsSpan())
        {
            string name = MetricNames.Label(label.Name);
            while (!used.Add(name))
            {
                name = "label_" + name;
            }
            MetricNames.AppendLabel(text, name, label.Value);
        }
        return text.ToString();
    }
}
