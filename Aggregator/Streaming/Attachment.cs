namespace Observability.Aggregator.Streaming;

/// <summary>
/// One connection's share in a stream. For each series it knows where its live frames began and from when on history was sent before that, so
/// that a later subscription's backfill adds only what is older.
/// </summary>
internal sealed class Attachment(Viewer viewer, FrameStream stream, Subscription? only)
{
    public Viewer Viewer { get; } = viewer;

    public FrameStream Stream { get; } = stream;

    /// <summary>JSON: the one subscription it serves. Binary: null, it serves all of its class.</summary>
    public Subscription? Only { get; } = only;

    /// <summary>By member: the position at which live frames began. Members beyond are live from their first sample.</summary>
    public long[] LivePositions { get; set; } = [];

    /// <summary>By member: history before the live position was sent from this time on.</summary>
    public long[] HistoryFromNs { get; set; } = [];

    /// <summary>Members of the stream's set that the dictionary was sent for. The connection's sender alone uses it.</summary>
    public int ToldCount { get; set; }

    /// <summary>What a JSON message begins with, as the first fragment of a WebSocket message; empty for binary frames.</summary>
    public byte[] Opening { get; } = stream.Format == FrameFormat.Json ? JsonOpening.For(only?.Id, isCompressed: false) : [];

    /// <summary>The same before a frame's compressed bytes.</summary>
    public byte[] CompressedOpening { get; } = stream.Format == FrameFormat.Json ? JsonOpening.For(only?.Id, isCompressed: true) : [];
}
