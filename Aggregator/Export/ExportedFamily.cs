using System.Text;
using Observability.Aggregator.Storage;
using Prometheus;

namespace Observability.Aggregator.Export;

/// <summary>The series of agents that are exposed under one name.</summary>
internal sealed class ExportedFamily
{
    private readonly SeriesKind _kind;
    private string _unit = "";
    private byte[] _textHead = [];
    private byte[] _openMetricsHead = [];

    public ExportedFamily(string name, string rawName, SeriesKind kind)
    {
        Name = name;
        RawName = rawName;
        _kind = kind;
        string family = MetricNames.WithoutTotal(name);
        CreatedName = kind == SeriesKind.Counter && family != name ? Encoding.UTF8.GetBytes(family + MetricNames.CreatedSuffix) : [];
    }

    public string Name { get; }

    /// <summary>As agents call it. Another name that is equal once sanitised is another family.</summary>
    public string RawName { get; }

    public FamilyType Type => TypeOf(_kind);

    /// <summary>False once a later family took a name that only OpenMetrics adds to this one.</summary>
    public bool HasOpenMetricsNames { get; private set; } = true;

    /// <summary>The name under which OpenMetrics tells when a counter began; empty where it has none.</summary>
    public byte[] CreatedName { get; private set; }

    public List<ExportedSeries> Series { get; } = [];

    /// <summary>Label texts that are taken: a second series of the same text would be a duplicate.</summary>
    public HashSet<string> LabelTexts { get; } = new(StringComparer.Ordinal);

    public static FamilyType TypeOf(SeriesKind kind) => kind switch
    {
        SeriesKind.Gauge => FamilyType.Gauge,
        SeriesKind.Counter => FamilyType.Counter,
        _ => FamilyType.Histogram,
    };

    public void LoseOpenMetricsNames()
    {
        HasOpenMetricsNames = false;
        CreatedName = [];
        _openMetricsHead = [];
    }

    /// <summary>HELP and its kin; made again when the unit becomes known.</summary>
    public ReadOnlySpan<byte> Head(bool isOpenMetrics)
    {
        string unit = Series.Count == 0 ? "" : Series[0].Series.Unit;
        if (_textHead.Length == 0 || _openMetricsHead.Length == 0 || unit != _unit)
        {
            _unit = unit;
            string help = $"{_kind.ToString().ToLowerInvariant()} '{RawName}' of an agent{(unit.Length == 0 ? "" : $", in {unit}")}.";
            _textHead = ExpositionWriter.HeadOf(Name, Type, help, ExpositionFormat.PrometheusText);
            _openMetricsHead = ExpositionWriter.HeadOf(Name, Type, help, ExpositionFormat.OpenMetricsText, HasOpenMetricsNames);
        }
        return isOpenMetrics ? _openMetricsHead : _textHead;
    }
}

/// <summary>One series of an agent as it is exposed. The text before its values is made once; a histogram's totals are kept.</summary>
internal sealed class ExportedSeries
{
    public ExportedSeries(Series series, string name, string labels)
    {
        Series = series;
        Labels = labels;
        if (series.Kind == SeriesKind.Histogram)
        {
            Totals = new HistogramTotals(Encoding.UTF8.GetBytes($"{name}_bucket{{{labels},le=\""));
            SumHead = ExpositionWriter.LineHead(name + "_sum", labels);
            CountHead = ExpositionWriter.LineHead(name + "_count", labels);
            CreatedHead = ExpositionWriter.LineHead(name + MetricNames.CreatedSuffix, labels);
        }
        else
        {
            Head = ExpositionWriter.LineHead(name, labels);
        }
    }

    public Series Series { get; }

    /// <summary>Its labels as they are exposed, which no other series of the family has.</summary>
    public string Labels { get; }

    /// <summary>Of a gauge's or counter's one line; empty for histograms.</summary>
    public byte[] Head { get; } = [];

    public byte[] SumHead { get; } = [];

    public byte[] CountHead { get; } = [];

    public byte[] CreatedHead { get; } = [];

    /// <summary>Null for gauges and counters.</summary>
    public HistogramTotals? Totals { get; }

    /// <summary>How far its histograms have been added up.</summary>
    public long Cursor { get; set; }
}
