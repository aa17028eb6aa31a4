namespace Observability.Aggregator.Streaming;

/// <summary>What the frame loop knows of one connection. Owned by the frame loop's thread.</summary>
internal sealed class Viewer(LiveConnection connection, FrameFormat format)
{
    public LiveConnection Connection { get; } = connection;

    public FrameFormat Format { get; } = format;

    public List<Subscription> Subscriptions { get; } = [];

    public List<Attachment> Attachments { get; } = [];

    /// <summary>Where it left streams whose series it has not joined again yet.</summary>
    public List<Bookmark> Bookmarks { get; } = [];

    /// <summary>Streams it joins after their next frame.</summary>
    public List<FrameStream> WaitingFor { get; } = [];

    /// <summary>Its queue was full: it is on no stream until its socket has taken what waits.</summary>
    public bool IsDetached { get; set; }

    /// <summary>Classes slower than asked for, because it lags.</summary>
    public int SlowSteps { get; set; }

    public long LastLagMs { get; set; }

    public RateClass RateOf(Subscription subscription) => subscription.Rate.Slower(SlowSteps);
}
