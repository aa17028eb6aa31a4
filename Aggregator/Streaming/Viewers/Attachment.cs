using Observability.Aggregator.Storage;
using Observability.Aggregator.Streaming.Frames;

namespace Observability.Aggregator.Streaming.Viewers;

/// <summary>
/// One viewer's place on a stream. It knows for each series where live frames began and how far back history was sent before that, so that the
/// backfill of a later subscription adds only what is older. After <see cref="Leave"/> it also knows where the viewer has to go on, on whichever
/// stream carries the series next. Owned by the frame loop's thread.
/// </summary>
internal sealed class Attachment(Viewer viewer, FrameStream stream, Subscription? only, int memberCount)
{
    private long[] _next = [];

    public Viewer Viewer { get; } = viewer;

    public FrameStream Stream { get; } = stream;

    /// <summary>JSON: the one subscription it serves. Binary: null, it serves all of its class.</summary>
    public Subscription? Only { get; } = only;

    /// <summary>By member: the position at which live frames began. Members beyond are live from their first sample.</summary>
    public long[] LivePositions { get; } = new long[memberCount];

    /// <summary>By member: history before the live position was sent from this time on.</summary>
    public long[] HistoryFromNs { get; } = new long[memberCount];

    /// <summary>The tick of the last frame that the viewer got before it left.</summary>
    public long LeftTick { get; private set; }

    /// <summary>Members of the stream's set that the dictionary was sent for. The connection's sender alone uses it.</summary>
    public int DictionaryCount { get; set; }

    /// <summary>What a message of samples begins with, before the bytes that all share (see <see cref="JsonSink"/>); empty for binary frames.</summary>
    public byte[] JsonOpening { get; } = stream.Format == FrameFormat.Json ? JsonSink.Opening(only?.Id) : [];

    /// <summary>Remembers where the stream's next frame begins: the viewer goes on from there.</summary>
    public void Leave()
    {
        _next = Stream.Cursors.ToArray();
        LeftTick = Stream.Tick;
    }

    /// <summary>After <see cref="Leave"/>: what the viewer has of the series. False when it was no member.</summary>
    public bool TryFind(Series series, out SeriesProgress progress)
    {
        ReadOnlySpan<Series> members = Stream.Set.Members.AsSpan()[.._next.Length];
        int low = 0;
        int high = members.Length - 1;
        while (low <= high)
        {
            int middle = (low + high) >> 1;
            if (members[middle].Id == series.Id)
            {
                bool joined = middle < LivePositions.Length;
                progress = new SeriesProgress(_next[middle], joined ? LivePositions[middle] : 0, joined ? HistoryFromNs[middle] : long.MinValue);
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
        progress = default;
        return false;
    }
}

/// <summary>
/// What a viewer has of one series: live samples of the positions from LivePosition to Next, and of those before it the ones at or after
/// HistoryFromNs.
/// </summary>
internal readonly record struct SeriesProgress(long Next, long LivePosition, long HistoryFromNs);
