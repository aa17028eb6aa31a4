using Observability.Aggregator.Streaming.Connections;
using Observability.Aggregator.Streaming.Frames;

namespace Observability.Aggregator.Streaming.Viewers;

/// <summary>What the frame loop knows of one connection. Owned by the frame loop's thread.</summary>
internal sealed class Viewer(LiveConnection connection, FrameFormat format)
{
    public LiveConnection Connection { get; } = connection;

    public FrameFormat Format { get; } = format;

    public List<Subscription> Subscriptions { get; } = [];

    public List<Attachment> Attachments { get; } = [];

    /// <summary>Attachments that it left and whose series it has not joined again yet.</summary>
    public List<Attachment> Left { get; } = [];

    /// <summary>Streams it joins after their next frame.</summary>
    public List<FrameStream> WaitingFor { get; } = [];

    /// <summary>Its queue was full: it is on no stream until its socket has taken what waits.</summary>
    public bool IsDetached { get; set; }

    /// <summary>Classes slower than asked for, because it lags.</summary>
    public int SlowSteps { get; set; }

    public long LastLagMs { get; set; }

    public RateClass RateOf(Subscription subscription) => subscription.Rate.Slower(SlowSteps);
}

/// <summary>One viewer's set of series, and the rate it asked for. Its fields are the frame loop's.</summary>
internal sealed class Subscription(long? id, SeriesSet set, RateClass rate, long? fromNs)
{
    /// <summary>The viewer's own number; null for the one that a JSON connection begins with.</summary>
    public long? Id { get; } = id;

    public SeriesSet Set { get; } = set;

    public RateClass Rate { get; } = rate;

    /// <summary>History is wanted from here on; null: none.</summary>
    public long? FromNs { get; } = fromNs;

    /// <summary>True until its backfill is under way.</summary>
    public bool IsNew { get; set; } = true;
}
