using Observability.Aggregator.Storage;

namespace Observability.Aggregator.Export;

/// <summary>One series of an agent as it is exposed: its labels are written once, a histogram's totals are kept.</summary>
internal sealed class ExportedSeries(Series series, string labels)
{
    public Series Series { get; } = series;

    /// <summary>Without braces, escaped; never empty, since service and instance are always there.</summary>
    public string Labels { get; } = labels;

    /// <summary>Null for gauges and counters.</summary>
    public HistogramTotals? Totals { get; } = series.Kind == SeriesKind.Histogram ? new HistogramTotals() : null;

    /// <summary>How far its histograms have been added up.</summary>
    public long Cursor { get; set; }
}
