using System.ComponentModel.DataAnnotations;

namespace Observability.Aggregator.Export;

internal sealed class ExportOptions
{
    public const string Section = "Export";

    /// <summary>Series of agents that are exposed; what is past it is counted and left out.</summary>
    [Range(0, 10_000_000)] public int SeriesMax { get; init; } = 50_000;

    /// <summary>Services with a latency family of their own.</summary>
    [Range(0, 100_000)] public int ServicesMax { get; init; } = 1_000;

    /// <summary>Bytes of one exposition, before compression: the series that would begin beyond are counted and left out.</summary>
    [Range(64 * 1024, 1024 * 1024 * 1024)] public int BytesMax { get; init; } = 64 * 1024 * 1024;

    /// <summary>Scrapes that are served at the same time; each keeps its memory. A further one waits.</summary>
    [Range(1, 64)] public int ScrapesAtOnceMax { get; init; } = 2;

    /// <summary>A source that has sent nothing for so long is no longer exposed, its counter of samples included.</summary>
    [Range(10_000, 86_400_000)] public int SourceSilentMs { get; init; } = 900_000;

    /// <summary>How often histograms are added to their totals, also when nobody scrapes: well within what a ring holds.</summary>
    [Range(50, 60_000)] public int AccumulateMs { get; init; } = 2_000;
}
