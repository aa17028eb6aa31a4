using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Observability.Aggregator.Rings;

namespace Observability.Aggregator.Storage;

/// <summary>
/// The memory of the aggregator: series and their recent samples. Each source's region has one writer thread at a time;
/// readers are any threads, never stop a writer, and never see a torn value. What lies underneath is nobody's business.
/// </summary>
[SuppressMessage("Performance", "CA1822", Justification = "The store is the seam: what a member reads today is not its contract.")]
internal sealed partial class TelemetryStore
{
    private readonly SeriesCatalog _catalog;
    private readonly RingBudget _budget;
    private readonly RowGroups _groups;

    public TelemetryStore(StorageOptions options, ulong sessionId)
    {
        Options = options;
        SessionId = sessionId;
        _budget = new RingBudget(options.MemoryBudgetBytes);
        RingLimits limits = new(_budget, options.RingSamplesMax, options.HistogramRingBytesMax, options.RingSecondsMax * 1_000_000_000L);
        _groups = new RowGroups(limits);
        _catalog = new SeriesCatalog(options, limits, _groups);
    }

    public StorageOptions Options { get; }

    /// <summary>Drawn when the aggregator starts: a change tells agents and pages that the memory behind it is gone.</summary>
    public ulong SessionId { get; }

    /// <summary>Told once per applied batch.</summary>
    public ArrivalSignal Arrivals { get; } = new();

    public PublishedList<Source> Sources => _catalog.Sources;

    /// <summary>Every series, in the order of their ids.</summary>
    public ReadOnlySpan<Series> AllSeries => _catalog.Series.AsSpan();

    public int SeriesCount => _catalog.Series.Count;

    /// <summary>Grows whenever a source or series is added or leaves, or a unit becomes known.</summary>
    public long CatalogVersion => _catalog.Version;

    /// <summary>Bytes of all samples: rings, compressed history, rollups.</summary>
    public long MemoryBytes => _budget.BytesUsed;

    /// <summary>Bytes of the rollups alone: walks all series.</summary>
    public long RollupBytes
    {
        get
        {
            HashSet<RowGroup> groups = [];
            long histograms = 0;
            foreach (Series series in AllSeries)
            {
                histograms += series.Histograms is { } history ? history.Seconds.SizeInBytes + history.Minutes.SizeInBytes : 0;
                for (SeriesTrack? track = series.Track; track is not null; track = track.Former)
                {
                    groups.Add(track.Group);
                }
            }
            return histograms + groups.Sum(group => group.Rollups?.SizeInBytes ?? 0);
        }
    }

    internal RingBudget Budget => _budget;

    /// <summary>What the sealer has done so far.</summary>
    public HistoryCounters History { get; } = new();

    internal RowGroups Groups => _groups;

    /// <summary>How often a ring was refused memory to grow.</summary>
    public long RingGrowthsRefused => _budget.RefusedCount;

    /// <summary>Series and sources that have left so far: whoever keeps them by the series looks again when this has grown.</summary>
    public long LeftSeries => _catalog.LeftSeries;

    public long LeftSources => _catalog.LeftSources;

    internal SeriesCatalog Catalog => _catalog;

    public Series? SeriesById(uint id)
    {
        ReadOnlySpan<Series> after = id == 0 ? default : SeriesAfter(id - 1);
        return after.IsEmpty || after[0].Id != id ? null : after[0];
    }

    /// <summary>Every series that was added after the one with this id, in the order of their ids; 0: all.</summary>
    public ReadOnlySpan<Series> SeriesAfter(uint id)
    {
        ReadOnlySpan<Series> all = AllSeries;
        int low = 0;
        int high = all.Length;
        while (low < high)
        {
            int middle = (low + high) >> 1;
            if (all[middle].Id > id)
            {
                high = middle;
            }
            else
            {
                low = middle + 1;
            }
        }
        return all[low..];
    }

    /// <summary>Keeps the source from leaving, until <see cref="Release"/>. False when it has left: open it anew.</summary>
    public bool TryHold(SourceWriter writer) => _catalog.TryHold(writer);

    public void Release(SourceWriter writer) => _catalog.Release(writer);

    /// <summary>The writer of a source, which is made if need be; null at the limit on sources.</summary>
    public SourceWriter? TryOpenWriter(string service, string instance) => _catalog.OpenWriter(service, instance);

    /// <summary>As <see cref="TryOpenWriter"/>, for callers that stay within the limit.</summary>
    public SourceWriter OpenWriter(string service, string instance) =>
        TryOpenWriter(service, instance)
        ?? throw new InvalidOperationException($"Cannot open source '{service}/{instance}': {Options.SourcesMax} sources are the limit (Storage:SourcesMax).");

    /// <summary>Adds a series or finds the one with this identity. Only the source's owner calls this.</summary>
    public AddSeriesResult TryAddSeries(SourceWriter writer, string name, LabelSet labels, SeriesKind kind, string unit, out Series? series) =>
        _catalog.TryAdd(writer, name, labels, kind, unit, out series);

    /// <summary>As <see cref="TryAddSeries"/>, for the few series that keep the totals of what is past the limits on series; the caller bounds them.</summary>
    public AddSeriesResult TryAddPastLimits(SourceWriter writer, string name, LabelSet labels, SeriesKind kind, string unit, out Series? series) =>
        _catalog.TryAdd(writer, name, labels, kind, unit, out series, pastLimits: true);

    /// <summary>Whether one more series of this source is within the limits. No lock: what a sender past its limit costs.</summary>
    public AddSeriesResult Room(SourceWriter writer) => _catalog.Room(writer);

    /// <summary>Tells the unit of a series that had none.</summary>
    public void SetUnit(Series series, string unit) => _catalog.SetUnit(series, unit);

    public int SeriesCountOfService(string service) => _catalog.CountOfService(service);

    /// <summary>[Data plane] Gauges of consecutive slots at one instant.</summary>
    public void AppendRow(SourceWriter writer, long timestampNs, int firstSlot, ReadOnlySpan<double> values) =>
        writer.AppendRow(timestampNs, firstSlot, MemoryMarshal.Cast<double, long>(values));

    /// <summary>[Data plane] Counters of consecutive slots at one instant.</summary>
    public void AppendRow(SourceWriter writer, long timestampNs, int firstSlot, ReadOnlySpan<ulong> values) =>
        writer.AppendRow(timestampNs, firstSlot, MemoryMarshal.Cast<ulong, long>(values));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Append(SourceWriter writer, Series series, long timestampNs, double value) =>
        writer.Append(series, timestampNs, BitConverter.DoubleToInt64Bits(value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Append(SourceWriter writer, Series series, long timestampNs, ulong value) => writer.Append(series, timestampNs, (long)value);

    /// <summary>[Data plane] A gauge or a counter, whichever the series holds, by the bits of its value.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void AppendBits(SourceWriter writer, Series series, long timestampNs, long bits) => writer.Append(series, timestampNs, bits);

    /// <summary>[Data plane] Samples of a gauge or a counter: timestamp and bits of each in turn.</summary>
    public void AppendPairs(SourceWriter writer, Series series, ReadOnlySpan<ulong> pairs) =>
        writer.AppendPairs(series, MemoryMarshal.Cast<ulong, long>(pairs));

    /// <summary>[Data plane] Samples of a gauge or a counter: timestamps, and the bits of as many values.</summary>
    public void AppendColumns(SourceWriter writer, Series series, ReadOnlySpan<ulong> timestampsNs, ReadOnlySpan<ulong> bits) =>
        writer.AppendColumns(series, MemoryMarshal.Cast<ulong, long>(timestampsNs), MemoryMarshal.Cast<ulong, long>(bits));

    /// <summary>[Data plane] A conflated gauge; the timestamp is the interval's end.</summary>
    public void AppendAggregate(SourceWriter writer, Series series, long timestampNs, in AggregateSample sample)
    {
        AggregateSlot slot = new() { Min = sample.Min, Max = sample.Max, Sum = sample.Sum, Count = sample.Count };
        writer.AppendAggregate(series, timestampNs, BitConverter.DoubleToInt64Bits(sample.Last), slot);
    }

    /// <summary>[Data plane] False when the histogram is too large for the ring: the caller counts it as rejected.</summary>
    public bool TryAppend(SourceWriter writer, Series series, long timestampNs, in HistogramSample sample) => writer.TryAppend(series, timestampNs, sample);
}
