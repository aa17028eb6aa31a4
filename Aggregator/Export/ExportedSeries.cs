using System.Text;
using Observability.Aggregator.Storage;

namespace Observability.Aggregator.Export;

/// <summary>One series of an agent as it is exposed: what stands before its values is made once, a histogram's totals are kept.</summary>
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
