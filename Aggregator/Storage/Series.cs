using Observability.Aggregator.Rings;

namespace Observability.Aggregator.Storage;

/// <summary>One name with one set of labels of one source. Identity never changes; samples are appended by the source's writer alone.</summary>
internal sealed class Series
{
    private const long StaleAfterNsMin = 5_000_000_000;
    private const long StaleAfterPushIntervals = 10;

    private string _unit;
    private SeriesTrack? _track;
    private HistogramHistory? _histograms;
    private long _headWhenEvicted;
    private bool _isEvicted;

    public Series(uint id, Source source, int slot, string name, LabelSet labels, SeriesKind kind, string unit, RingLimits limits)
    {
        Id = id;
        Source = source;
        Slot = slot;
        Name = name;
        Labels = labels;
        Kind = kind;
        _unit = unit;
        if (kind == SeriesKind.Histogram)
        {
            Records = new RecordRing(limits);
        }
    }

    /// <summary>Dense, from 1; never used again while the aggregator's session lasts.</summary>
    public uint Id { get; }

    public Source Source { get; }

    /// <summary>
    /// Its place in the source; series declared together have consecutive slots. The writer's: moves towards 0 when others before it are evicted.
    /// </summary>
    public int Slot { get; internal set; }

    /// <summary>True once it is no longer in the catalog. It has no samples then, and its identity, if it comes again, is another series with another id.</summary>
    public bool IsEvicted => Volatile.Read(ref _isEvicted);

    /// <summary>When it was added, by the aggregator's clock.</summary>
    internal long AddedNs { get; init; }

    public string Name { get; }

    /// <summary>Without service and instance, which are <see cref="Source"/>'s.</summary>
    public LabelSet Labels { get; }

    public SeriesKind Kind { get; }

    /// <summary>UCUM; empty while unknown.</summary>
    public string Unit => Volatile.Read(ref _unit);

    /// <summary>Samples ever appended: the cursor of a reader that wants only what comes next.</summary>
    public long Head => Records?.Head ?? Track?.Head ?? Volatile.Read(ref _headWhenEvicted);

    /// <summary>The greatest timestamp appended, by it or by the series written with it; 0 before the first sample.</summary>
    public long NewestTimestampNs => Records?.NewestTimestampNs ?? (Track is not { Head: > 0 } track ? 0 : track.Ring.NewestTimestampNs);

    /// <summary>When its newest sample was received, by the aggregator's clock; 0 before the first.</summary>
    public long NewestReceivedNs
    {
        get
        {
            if (Records is not null)
            {
                return Records.ReceivedNs;
            }
            // A ring that the series has just moved to has received nothing yet.
            SeriesTrack? track = Track;
            while (track is { Ring.Head: 0, Former: not null })
            {
                track = track.Former;
            }
            return track?.Ring.ReceivedNs ?? 0;
        }
    }

    /// <summary>Samples its ring can hold at its present size: what the memory limits have given it so far.</summary>
    public int Capacity => Records?.Capacity ?? Track?.Ring.Capacity ?? 0;

    /// <summary>Where its samples are; null before the first one, and of histograms.</summary>
    internal SeriesTrack? Track => Volatile.Read(ref _track);

    internal RecordRing? Records { get; }

    /// <summary>Of a histogram series that the sealer has sealed something of.</summary>
    internal HistogramHistory? Histograms => Volatile.Read(ref _histograms);

    /// <summary>The sealer's.</summary>
    internal HistogramHistory EnsureHistograms(TelemetryStore store)
    {
        if (_histograms is null)
        {
            Volatile.Write(ref _histograms, new HistogramHistory(store.Budget));
        }
        return _histograms!;
    }

    /// <summary>The writer's: the ring, while the series is written alone.</summary>
    internal RowRing? AloneRing { get; private set; }

    /// <summary>Called by the source's writer: the next sample goes there.</summary>
    internal void MoveTo(RowGroup group, int column, bool isAlone)
    {
        SeriesTrack? former = _track;
        group.UserCount++;
        if (former is { Head: 0 })
        {
            former.Group.UserCount--;
        }
        Volatile.Write(ref _track, new SeriesTrack(group, column, former?.Head ?? 0, former is { Head: 0 } ? null : former));
        AloneRing = isAlone ? group.Ring : null;
    }

    /// <summary>
    /// True when nothing was received for max(5 s, 10 push intervals): no line, not exported. By the time of receipt, because
    /// the clock of an agent may be wrong.
    /// </summary>
    public bool IsStale(long nowNs) =>
        nowNs - NewestReceivedNs > Math.Max(StaleAfterNsMin, StaleAfterPushIntervals * Source.PushIntervalMs * 1_000_000L);

    /// <summary>Adds a track of the history that was read back, the oldest first.</summary>
    internal void Restore(RowGroup group, int column, long firstPosition)
    {
        group.UserCount++;
        Volatile.Write(ref _track, new SeriesTrack(group, column, firstPosition, _track));
    }

    /// <summary>Releases its samples. By the catalog, in the turn of its writer.</summary>
    internal void Evict()
    {
        for (SeriesTrack? track = _track; track is not null; track = track.Former)
        {
            track.Group.UserCount--;
        }
        _histograms?.Drop();
        Volatile.Write(ref _headWhenEvicted, Head);
        Volatile.Write(ref _isEvicted, true);
        Volatile.Write(ref _track, null);
        Volatile.Write(ref _histograms, null);
        AloneRing = null;
    }

    internal void SetUnit(string unit) => Volatile.Write(ref _unit, unit);

    public override string ToString() => $"{Name}{Labels} of {Source}";
}

/// <summary>What a series' values mean. The numbers are those of the streaming frame.</summary>
internal enum SeriesKind : byte
{
    Gauge = 1,
    Counter = 2,
    Histogram = 3,
}
