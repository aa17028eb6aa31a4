using System.Collections.Concurrent;
using Observability.Aggregator.Storage;

namespace Observability.Aggregator.Streaming;

/// <summary>The sets and streams in use. Owned by the frame loop's thread; <see cref="TryFindSet"/> may be asked by anyone.</summary>
internal sealed class StreamRegistry(TelemetryStore store, SeriesReader reader, StreamingCounters counters)
{
    private readonly ConcurrentDictionary<string, SeriesSet> _sets = new(StringComparer.Ordinal);
    private readonly List<FrameStream>[] _streams = [.. RateClass.All.Select(_ => new List<FrameStream>())];
    private long _catalogVersion = -1;

    /// <summary>The fastest class that has a stream.</summary>
    public RateClass? Fastest
    {
        get
        {
            foreach (RateClass rate in RateClass.All)
            {
                if (_streams[rate.Index].Count > 0)
                {
                    return rate;
                }
            }
            return null;
        }
    }

    /// <summary>Told of a set that refuses series because it is full: set and how many.</summary>
    public event Action<SeriesSet, int>? SeriesRefused;

    /// <summary>Told of members whose unit has become known.</summary>
    public event Action<SeriesSet, Series[]>? UnitsKnown;

    public List<FrameStream> StreamsOf(RateClass rate) => _streams[rate.Index];

    public SeriesSet? TryFindSet(string key) => _sets.GetValueOrDefault(key);

    /// <summary>The set of this key that is in use, or this one from now on.</summary>
    public SeriesSet AcquireSet(SeriesSet set)
    {
        SeriesSet shared = _sets.GetOrAdd(set.Key, set);
        shared.UserCount++;
        if (ReferenceEquals(shared, set))
        {
            set.Refresh(store);
        }
        return shared;
    }

    public void ReleaseSet(SeriesSet set)
    {
        if (--set.UserCount == 0)
        {
            _sets.TryRemove(set.Key, out _);
        }
    }

    public FrameStream AcquireStream(RateClass rate, IReadOnlyCollection<SeriesSet> sets, FrameFormat format)
    {
        string key = SeriesSet.KeyOfUnion(sets);
        foreach (FrameStream existing in _streams[rate.Index])
        {
            if (existing.Format == format && existing.Set.Key == key)
            {
                return existing;
            }
        }
        SeriesSet set = AcquireSet(sets.FirstOrDefault(one => one.Key == key) ?? TryFindSet(key) ?? SeriesSet.Union(sets, store));
        var stream = new FrameStream(rate, set, format, reader);
        _streams[rate.Index].Add(stream);
        return stream;
    }

    /// <summary>Drops a stream that nobody is on or waits for.</summary>
    public void ReleaseStream(FrameStream stream)
    {
        if (stream.Attachments.Count == 0 && stream.Waiting.Count == 0 && _streams[stream.Rate.Index].Remove(stream))
        {
            ReleaseSet(stream.Set);
        }
    }

    /// <summary>Looks for series that appeared, when the catalog has changed.</summary>
    public void TakeNewSeries()
    {
        long version = store.CatalogVersion;
        if (version == _catalogVersion)
        {
            return;
        }
        _catalogVersion = version;
        foreach (SeriesSet set in _sets.Values)
        {
            int refused = set.Refresh(store);
            if (refused > 0)
            {
                counters.OnSeriesRefused(refused);
                SeriesRefused?.Invoke(set, refused);
            }
            if (set.TakeKnownUnits() is { Length: > 0 } series)
            {
                UnitsKnown?.Invoke(set, series);
            }
        }
        foreach (List<FrameStream> streams in _streams)
        {
            foreach (FrameStream stream in streams)
            {
                stream.TakeNewMembers(reader);
            }
        }
    }
}
