using Observability.Aggregator.Rings;

namespace Observability.Aggregator.Storage;

/// <summary>
/// The right to write one source's region. There is one per source, and only one thread at a time uses it (ingestion's shard):
/// nothing here is safe for two.
/// </summary>
internal sealed class SourceWriter(Source source, ServiceUsage usage)
{
    private ScalarRing?[] _scalars = [];

    /// <summary>Bytes of the histogram being appended.</summary>
    internal byte[] RecordScratch = [];

    public Source Source { get; } = source;

    internal ServiceUsage Usage { get; } = usage;

    /// <summary>When the batch being applied was received, by the aggregator's clock. Set once per batch.</summary>
    public long ReceivedNs { get; set; }

    /// <summary>Rings by slot; null where the slot's series holds histograms.</summary>
    internal ReadOnlySpan<ScalarRing?> Scalars => _scalars;

    internal void Add(Series series)
    {
        if (series.Slot >= _scalars.Length)
        {
            Array.Resize(ref _scalars, Math.Max(8, series.Slot * 2));
        }
        _scalars[series.Slot] = series.Scalars;
    }
}
