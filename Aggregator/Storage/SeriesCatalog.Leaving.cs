namespace Observability.Aggregator.Storage;

/// <summary>How series and sources leave. The sealer decides which, in the turn of their writer; ids are never given again.</summary>
internal sealed partial class SeriesCatalog
{
    // Interned strings and the list of all series are made anew when so many have left: a share of what stays.
    private const int RebuildAfterMin = 1024;

    private bool _wantsSeries;
    private bool _wantsSources;
    private long _leftSeries;
    private long _leftSources;
    private int _leftSinceRebuild;

    /// <summary>Series that have left so far.</summary>
    public long LeftSeries => Volatile.Read(ref _leftSeries);

    public long LeftSources => Volatile.Read(ref _leftSources);

    /// <summary>Somebody found no room for a series, or a source, since <see cref="TakeWishes"/>.</summary>
    public bool WantsSeries => Volatile.Read(ref _wantsSeries);

    public bool WantsSources => Volatile.Read(ref _wantsSources);

    public void TakeWishes()
    {
        Volatile.Write(ref _wantsSeries, false);
        Volatile.Write(ref _wantsSources, false);
    }

    /// <summary>False when the source has left. While somebody holds it, it does not.</summary>
    public bool TryHold(SourceWriter writer)
    {
        lock (_lock)
        {
            writer.HolderCount += writer.HasLeft ? 0 : 1;
            return !writer.HasLeft;
        }
    }

    public void Release(SourceWriter writer)
    {
        lock (_lock)
        {
            writer.HolderCount--;
        }
    }

    /// <summary>Takes these out of the source, whose turn the caller has. <see cref="Compact"/> takes them out of the list of all.</summary>
    public void Remove(SourceWriter writer, IReadOnlyCollection<Series> leaving)
    {
        lock (_lock)
        {
            foreach (Series series in leaving)
            {
                _series.Remove((writer.Source.Id, series.Name, series.Labels));
                series.Leave();
            }
            Series[] staying = [.. writer.Source.Series.Where(series => !series.HasLeft)];
            writer.Renumber(staying);
            writer.Source.Series.Replace(staying);
            writer.Usage.AddSeries(-leaving.Count);
            _leftSinceRebuild += leaving.Count;
            Volatile.Write(ref _leftSeries, _leftSeries + leaving.Count);
        }
    }

    /// <summary>False when it has series, or somebody holds it.</summary>
    public bool TryRemove(SourceWriter writer)
    {
        lock (_lock)
        {
            if (writer.HolderCount > 0 || writer.Source.Series.Count > 0 || writer.HasLeft)
            {
                return false;
            }
            writer.HasLeft = true;
            _writers.Remove((writer.Source.Service, writer.Source.Instance));
            if (--writer.Usage.Sources == 0)
            {
                _services.Remove(writer.Source.Service);
            }
            Volatile.Write(ref _leftSources, _leftSources + 1);
            return true;
        }
    }

    /// <summary>After some have left.</summary>
    public void Compact()
    {
        lock (_lock)
        {
            Series.Replace([.. Series.Where(series => !series.HasLeft)]);
            Sources.Replace([.. Sources.Where(source => !source.Writer.HasLeft)]);
            Volatile.Write(ref _version, _version + 1);
            if (_leftSinceRebuild < RebuildAfterMin || _leftSinceRebuild < Series.Count / 4)
            {
                return;
            }
            _leftSinceRebuild = 0;
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
}
