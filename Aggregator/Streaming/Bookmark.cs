using Observability.Aggregator.Storage;

namespace Observability.Aggregator.Streaming;

/// <summary>Where a connection left a stream: by series, what it has and where it has to go on. Immutable.</summary>
internal sealed class Bookmark
{
    private readonly Attachment _attachment;
    private readonly long[] _next;

    public Bookmark(Attachment attachment)
    {
        _attachment = attachment;
        _next = attachment.Stream.Cursors.ToArray();
        Tick = attachment.Stream.Tick;
    }

    /// <summary>The tick of the last frame it was given.</summary>
    public long Tick { get; }

    public Subscription? Only => _attachment.Only;

    /// <summary>False when the series was no member.</summary>
    public bool TryFind(Series series, out SeriesMark mark)
    {
        ReadOnlySpan<Series> members = _attachment.Stream.Set.Members.AsSpan()[.._next.Length];
        int low = 0;
        int high = members.Length - 1;
        while (low <= high)
        {
            int middle = (low + high) >> 1;
            if (members[middle].Id == series.Id)
            {
                bool joined = middle < _attachment.LivePositions.Length;
                mark = new SeriesMark(
                    _next[middle],
                    joined ? _attachment.LivePositions[middle] : 0,
                    joined ? _attachment.HistoryFromNs[middle] : long.MinValue);
                return true;
            }
            if (members[middle].Id < series.Id)
            {
                low = middle + 1;
            }
            else
            {
                high = middle - 1;
            }
        }
        mark = default;
        return false;
    }
}
