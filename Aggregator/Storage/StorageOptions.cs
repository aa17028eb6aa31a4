using System.ComponentModel.DataAnnotations;

namespace Observability.Aggregator.Storage;

/// <summary>Limits of the store. What is past one is rejected, counted by its reason, and reported to the sender.</summary>
internal sealed class StorageOptions
{
    public const string Section = "Storage";

    /// <summary>Pairs of service and instance.</summary>
    [Range(1, 1_000_000)] public int SourcesMax { get; init; } = 10_000;

    [Range(1, 10_000_000)] public int SeriesMax { get; init; } = 100_000;

    [Range(1, 10_000_000)] public int SeriesPerServiceMax { get; init; } = 50_000;

    [Range(1, 4096)] public int NameBytesMax { get; init; } = 256;

    [Range(0, 256)] public int LabelsMax { get; init; } = 32;

    [Range(1, 4096)] public int LabelNameBytesMax { get; init; } = 128;

    [Range(1, 65_536)] public int LabelValueBytesMax { get; init; } = 1024;

    [Range(1, 256)] public int UnitBytesMax { get; init; } = 64;

    /// <summary>
    /// Rows that a ring grows to, rounded up to a power of two, while the sealer cannot keep up; otherwise it holds a few seconds, and what is older is
    /// compressed.
    /// </summary>
    [Range(32, 1_048_576)] public int RingSamplesMax { get; init; } = 4096;

    /// <summary>A ring that covers this much time does not grow further.</summary>
    [Range(1, 86_400)] public int RingSecondsMax { get; init; } = 300;

    /// <summary>How long every sample and histogram is kept, compressed.</summary>
    [Range(1, 86_400)] public int HistorySecondsMax { get; init; } = 300;

    /// <summary>How long min, max, sum, count and last of each second are kept; of histograms, their sum.</summary>
    [Range(1, 30 * 86_400)] public int SecondRollupsSecondsMax { get; init; } = 3_600;

    /// <summary>How long those of each minute are kept.</summary>
    [Range(1, 366 * 86_400)] public int MinuteRollupsSecondsMax { get; init; } = 86_400;

    /// <summary>A series that receives nothing for so long keeps only its compressed history.</summary>
    [Range(1, 86_400)] public int IdleSecondsMax { get; init; } = 60;

    /// <summary>
    /// A series that receives nothing for so long leaves the catalog, its history with it, and so does a source without series. Sooner, once it is idle, where a
    /// limit on series or sources was met: those that have rested longest.
    /// </summary>
    [Range(1, 366 * 86_400)] public int LeaveSecondsMax { get; init; } = 86_400;

    /// <summary>Between two passes of the sealer, which compresses what has come.</summary>
    [Range(10, 10_000)] public int SealIntervalMs { get; init; } = 250;

    /// <summary>Bytes that a histogram series' ring grows to while the sealer cannot keep up; otherwise it holds a few kilobytes.</summary>
    [Range(8192, 64 * 1024 * 1024)] public int HistogramRingBytesMax { get; init; } = 512 * 1024;

    /// <summary>Buckets of one histogram, all its columns together. OpenTelemetry's default is 160 a side.</summary>
    [Range(1, 16_384)] public int HistogramBucketsMax { get; init; } = 1024;

    /// <summary>
    /// Bytes of all samples: rings, compressed history, rollups. Near it the oldest history goes; at it rings stop growing and overwrite earlier. A new
    /// series still gets its first quarter of a kilobyte, which SeriesMax bounds.
    /// </summary>
    [Range(1024 * 1024, long.MaxValue)] public long MemoryBudgetBytes { get; init; } = 512L * 1024 * 1024;
}
