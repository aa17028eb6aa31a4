using System.Text;
using Observability.Aggregator.Rings;

namespace Observability.Aggregator.Storage;

/// <summary>
/// Which sources and series there are. Control plane: adding takes a lock, once in a series' life; reading never does.
/// </summary>
internal sealed partial class SeriesCatalog(StorageOptions options, RingLimits limits, RowGroups groups)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<(string Service, string Instance), SourceWriter> _writers = [];
    private readonly Dictionary<(uint Source, string Name, LabelSet Labels), Series> _series = [];
    private readonly Dictionary<string, ServiceUsage> _services = new(StringComparer.Ordinal);
    private readonly HashSet<string> _strings = new(StringComparer.Ordinal);
    private uint _newestSourceId;
    private uint _newestSeriesId;
    private long _version;

    public PublishedList<Source> Sources { get; } = new();

    /// <summary>All series, in the order of their ids.</summary>
    public PublishedList<Series> Series { get; } = new();

    public long Version => Volatile.Read(ref _version);

    public SourceWriter? OpenWriter(string service, string instance)
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

    public AddSeriesResult TryAdd(SourceWriter writer, string name, LabelSet labels, SeriesKind kind, string unit, out Series? series, bool pastLimits = false)
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
                writer.Usage.AddSeries();
            }
            return room;
        }
    }

    /// <summary>Added when there is room for one more series; no lock.</summary>
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

    public void SetUnit(Series series, string unit)
    {
        lock (_lock)
        {
            SetUnitLocked(series, unit);
        }
    }

    /// <summary>Series of a service so far.</summary>
    public int CountOfService(string service)
    {
        lock (_lock)
        {
            return _services.TryGetValue(service, out ServiceUsage? usage) ? usage.SeriesCount : 0;
        }
    }

    private Series AddLocked(SourceWriter writer, string name, LabelSet labels, SeriesKind kind, string unit)
    {
        LabelSet interned = labels.With(Intern);
        Source source = writer.Source;
        Series series = new(++_newestSeriesId, source, source.Series.Count, Intern(name), interned, kind, Intern(unit), limits) { AddedNs = writer.ReceivedNs };
        _series.Add((source.Id, series.Name, interned), series);
        writer.Add(series);
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
            if (label.Name is "__name__" or "service" or "instance")
            {
                return AddSeriesResult.ReservedLabel;
            }
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
