using System.Text;
using Observability.Aggregator.Rings;

namespace Observability.Aggregator.Storage;

/// <summary>
/// Which sources and series there are. Control plane: adding and evicting take a lock, once each in a series' life; reading never does. A series is added
/// in <see cref="AddLocked"/> and evicted in <see cref="EvictLocked"/>, nowhere else. Ids are never reused.
/// </summary>
internal sealed class SeriesCatalog(StorageOptions options, RingLimits limits, RowGroups groups)
{
    // Interned strings and dictionaries are rebuilt when so many series, and a quarter of what is left, have been evicted.
    private const int RebuildAfterMin = 1024;

    private readonly Lock _lock = new();
    private readonly Dictionary<(string Service, string Instance), SourceWriter> _writers = [];
    private readonly Dictionary<(uint Source, string Name, LabelSet Labels), Series> _series = [];
    private readonly Dictionary<string, ServiceUsage> _services = new(StringComparer.Ordinal);
    private readonly HashSet<string> _strings = new(StringComparer.Ordinal);
    private uint _newestSourceId;
    private uint _newestSeriesId;
    private long _version;
    private bool _wantsSeries;
    private bool _wantsSources;
    private long _evictedSeries;
    private long _evictedSources;
    private int _evictedSinceRebuild;

    public PublishedList<Source> Sources { get; } = new();

    /// <summary>All series, in the order of their ids.</summary>
    public PublishedList<Series> Series { get; } = new();

    /// <summary>Grows whenever a source or series is added or evicted, or a unit becomes known; after the change is visible.</summary>
    public long Version => Volatile.Read(ref _version);

    /// <summary>Series evicted so far: whoever keeps series looks again when this has grown.</summary>
    public long EvictedSeries => Volatile.Read(ref _evictedSeries);

    public long EvictedSources => Volatile.Read(ref _evictedSources);

    /// <summary>As <see cref="TryOpenWriter"/>, for callers that stay within the limit.</summary>
    public SourceWriter OpenWriter(string service, string instance) =>
        TryOpenWriter(service, instance)
        ?? throw new InvalidOperationException($"Cannot open source '{service}/{instance}': {options.SourcesMax} sources are the limit (Storage:SourcesMax).");

    /// <summary>The writer of a source, which is added if need be; null at the limit on sources.</summary>
    public SourceWriter? TryOpenWriter(string service, string instance)
    {
        lock (_lock)
        {
            if (_writers.TryGetValue((service, instance), out SourceWriter? writer))
            {
                return writer;
            }
            if (Sources.Count >= options.SourcesMax)
            {
                Volatile.Write(ref _wantsSources, true);
                return null;
            }
            if (!_services.TryGetValue(service, out ServiceUsage? usage))
            {
                usage = new ServiceUsage();
                _services.Add(service, usage);
            }
            usage.Sources++;
            writer = new SourceWriter(new Source(++_newestSourceId, Intern(service), instance), usage, groups);
            writer.Source.Writer = writer;
            _writers.Add((service, instance), writer);
            Sources.Add(writer.Source);
            Volatile.Write(ref _version, _version + 1);
            return writer;
        }
    }

    /// <summary>Adds a series or finds the one with this identity. Only the source's owner calls this.</summary>
    public AddSeriesResult TryAddSeries(SourceWriter writer, string name, LabelSet labels, SeriesKind kind, string unit, out Series? series) =>
        TryAdd(writer, name, labels, kind, unit, pastLimits: false, out series);

    /// <summary>As <see cref="TryAddSeries"/>, for the few series that keep the totals of what is past the limits on series; the caller bounds them.</summary>
    public AddSeriesResult TryAddPastLimits(SourceWriter writer, string name, LabelSet labels, SeriesKind kind, string unit, out Series? series) =>
        TryAdd(writer, name, labels, kind, unit, pastLimits: true, out series);

    private AddSeriesResult TryAdd(SourceWriter writer, string name, LabelSet labels, SeriesKind kind, string unit, bool pastLimits, out Series? series)
    {
        series = null;
        AddSeriesResult allowed = CheckLimits(name, labels, unit);
        if (allowed != AddSeriesResult.Added)
        {
            return allowed;
        }
        lock (_lock)
        {
            if (_series.TryGetValue((writer.Source.Id, name, labels), out Series? existing))
            {
                if (existing.Kind != kind)
                {
                    return AddSeriesResult.KindMismatch;
                }
                series = existing;
                SetUnitLocked(existing, unit);
                return AddSeriesResult.Exists;
            }
            AddSeriesResult room = pastLimits ? AddSeriesResult.Added : Room(writer);
            if (room == AddSeriesResult.Added)
            {
                series = AddLocked(writer, name, labels, kind, unit);
            }
            return room;
        }
    }

    /// <summary>Whether one more series of this source is within the limits. No lock: what a sender past its limit costs.</summary>
    public AddSeriesResult Room(SourceWriter writer)
    {
        if (Series.Count >= options.SeriesMax)
        {
            Volatile.Write(ref _wantsSeries, true);
            return AddSeriesResult.SeriesLimit;
        }
        if (writer.Usage.SeriesCount >= options.SeriesPerServiceMax)
        {
            writer.Usage.WantsRoom = true;
            return AddSeriesResult.ServiceSeriesLimit;
        }
        return AddSeriesResult.Added;
    }

    /// <summary>Sets the unit of a series that had none.</summary>
    public void SetUnit(Series series, string unit)
    {
        lock (_lock)
        {
            SetUnitLocked(series, unit);
        }
    }

    public int CountOfService(string service)
    {
        lock (_lock)
        {
            return _services.TryGetValue(service, out ServiceUsage? usage) ? usage.SeriesCount : 0;
        }
    }

    /// <summary>Somebody found no room for a series, or a source, since <see cref="ClearWants"/>.</summary>
    public bool WantsSeries => Volatile.Read(ref _wantsSeries);

    public bool WantsSources => Volatile.Read(ref _wantsSources);

    public void ClearWants()
    {
        Volatile.Write(ref _wantsSeries, false);
        Volatile.Write(ref _wantsSources, false);
    }

    /// <summary>Keeps the source from being evicted, until <see cref="Release"/>. False when it has been: open it anew.</summary>
    public bool TryHold(SourceWriter writer)
    {
        lock (_lock)
        {
            writer.HolderCount += writer.IsEvicted ? 0 : 1;
            return !writer.IsEvicted;
        }
    }

    public void Release(SourceWriter writer)
    {
        lock (_lock)
        {
            writer.HolderCount--;
        }
    }

    /// <summary>Takes these out of their source, whose turn the caller has. <see cref="Compact"/> takes them out of the list of all.</summary>
    public void Evict(SourceWriter writer, IReadOnlyCollection<Series> evicted)
    {
        lock (_lock)
        {
            foreach (Series series in evicted)
            {
                EvictLocked(writer, series);
            }
            Series[] kept = [.. writer.Source.Series.Where(series => !series.IsEvicted)];
            writer.Renumber(kept);
            writer.Source.Series.Replace(kept);
            _evictedSinceRebuild += evicted.Count;
            Volatile.Write(ref _evictedSeries, _evictedSeries + evicted.Count);
        }
    }

    private void EvictLocked(SourceWriter writer, Series series)
    {
        _series.Remove((writer.Source.Id, series.Name, series.Labels));
        series.Evict();
        writer.Usage.AddSeries(-1);
    }

    /// <summary>Evicts the source, whose turn the caller has. False when it has series, or somebody holds it.</summary>
    public bool TryEvict(SourceWriter writer)
    {
        lock (_lock)
        {
            if (writer.HolderCount > 0 || writer.Source.Series.Count > 0 || writer.IsEvicted)
            {
                return false;
            }
            writer.IsEvicted = true;
            _writers.Remove((writer.Source.Service, writer.Source.Instance));
            if (--writer.Usage.Sources == 0)
            {
                _services.Remove(writer.Source.Service);
            }
            Volatile.Write(ref _evictedSources, _evictedSources + 1);
            return true;
        }
    }

    /// <summary>After an eviction: takes what was evicted out of the lists of all.</summary>
    public void Compact()
    {
        lock (_lock)
        {
            Series.Replace([.. Series.Where(series => !series.IsEvicted)]);
            Sources.Replace([.. Sources.Where(source => !source.Writer.IsEvicted)]);
            Volatile.Write(ref _version, _version + 1);
            if (_evictedSinceRebuild < RebuildAfterMin || _evictedSinceRebuild < Series.Count / 4)
            {
                return;
            }
            _evictedSinceRebuild = 0;
            _strings.Clear();
            foreach (Source source in Sources)
            {
                _strings.Add(source.Service);
            }
            foreach (Series series in Series)
            {
                _strings.Add(series.Name);
                _strings.Add(series.Unit);
                foreach (Label label in series.Labels)
                {
                    _strings.Add(label.Name);
                    _strings.Add(label.Value);
                }
            }
            _strings.TrimExcess();
            _series.TrimExcess();
            _writers.TrimExcess();
        }
    }

    private Series AddLocked(SourceWriter writer, string name, LabelSet labels, SeriesKind kind, string unit)
    {
        LabelSet interned = labels.With(Intern);
        Source source = writer.Source;
        Series series = new(++_newestSeriesId, source, source.Series.Count, Intern(name), interned, kind, Intern(unit), limits) { AddedNs = writer.ReceivedNs };
        _series.Add((source.Id, series.Name, interned), series);
        writer.Add(series);
        writer.Usage.AddSeries(1);
        source.Series.Add(series);
        Series.Add(series);
        Volatile.Write(ref _version, _version + 1);
        return series;
    }

    private void SetUnitLocked(Series series, string unit)
    {
        if (unit.Length > 0 && series.Unit.Length == 0)
        {
            series.SetUnit(Intern(unit));
            Volatile.Write(ref _version, _version + 1);
        }
    }

    private AddSeriesResult CheckLimits(string name, LabelSet labels, string unit)
    {
        if (name.Length == 0 || Encoding.UTF8.GetByteCount(name) > options.NameBytesMax)
        {
            return AddSeriesResult.NameLimit;
        }
        if (Encoding.UTF8.GetByteCount(unit) > options.UnitBytesMax)
        {
            return AddSeriesResult.UnitLimit;
        }
        if (labels.Count > options.LabelsMax)
        {
            return AddSeriesResult.LabelCountLimit;
        }
        foreach (Label label in labels.AsSpan())
        {
            if (label.Name.Length == 0 || Encoding.UTF8.GetByteCount(label.Name) > options.LabelNameBytesMax)
            {
                return AddSeriesResult.LabelNameLimit;
            }
            if (Encoding.UTF8.GetByteCount(label.Value) > options.LabelValueBytesMax)
            {
                return AddSeriesResult.LabelValueLimit;
            }
        }
        return AddSeriesResult.Added;
    }

    /// <summary>Thousands of series share a few names and values: one string each. Bounded by the limits on series and lengths.</summary>
    private string Intern(string text)
    {
        if (_strings.TryGetValue(text, out string? known))
        {
            return known;
        }
        _strings.Add(text);
        return text;
    }
}

/// <summary>What became of adding a series. All but the first two are limits or conflicts: counted and reported, never thrown.</summary>
internal enum AddSeriesResult
{
    Added,
    Exists,
    KindMismatch,
    SeriesLimit,
    ServiceSeriesLimit,
    NameLimit,
    LabelCountLimit,
    LabelNameLimit,
    LabelValueLimit,
    UnitLimit,
}

/// <summary>Series of one service, over all its instances. Written under the catalog's lock, read by anyone.</summary>
internal sealed class ServiceUsage
{
    private int _seriesCount;
    private bool _wantsRoom;

    public int SeriesCount => Volatile.Read(ref _seriesCount);

    /// <summary>Set by a writer that found no room, cleared by the sealer, which then evicts idle series of this service.</summary>
    public bool WantsRoom { get => Volatile.Read(ref _wantsRoom); set => Volatile.Write(ref _wantsRoom, value); }

    /// <summary>Instances of the service. Under the catalog's lock.</summary>
    public int Sources { get; set; }

    public void AddSeries(int count) => Volatile.Write(ref _seriesCount, _seriesCount + count);
}
