using Observability.Aggregator.Streaming.Frames;

namespace Observability.Aggregator.Streaming.Viewers;

/// <summary>The streams in use. Owned by the frame loop's thread.</summary>
internal sealed class StreamRegistry(SeriesSets sets, SeriesReader reader)
{
    private readonly List<FrameStream>[] _streams = [.. RateClass.All.Select(_ => new List<FrameStream>())];

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

    public List<FrameStream> StreamsOf(RateClass rate) => _streams[rate.Index];

    /// <summary>The stream of this class, these sets and this format, made if there is none.</summary>
    public FrameStream Acquire(RateClass rate, IReadOnlyCollection<SeriesSet> members, FrameFormat format)
    {
        string key = SeriesSets.KeyOfUnion(members);
        foreach (FrameStream existing in _streams[rate.Index])
        {
            if (existing.Format == format && existing.Set.Key == key)
            {
                return existing;
            }
        }
        var stream = new FrameStream(rate, sets.AcquireUnion(members), format, reader);
        _streams[rate.Index].Add(stream);
        return stream;
    }

    /// <summary>Drops a stream that nobody is on or waits for.</summary>
    public void Release(FrameStream stream)
    {
        if (stream.Attachments.Count == 0 && stream.Waiting.Count == 0 && _streams[stream.Rate.Index].Remove(stream))
        {
            sets.Release(stream.Set);
        }
    }

    /// <summary>Lets sets and streams take in series that appeared.</summary>
    public void TakeNewSeries()
    {
        if (!sets.TakeNewSeries())
        {
            return;
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
