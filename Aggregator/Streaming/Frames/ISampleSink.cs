using Observability.Aggregator.Storage;

namespace Observability.Aggregator.Streaming.Frames;

/// <summary>One encoding of a frame: binary for the page, JSON for everyone else. Used by one thread: Begin, Add…, Take.</summary>
internal interface ISampleSink
{
    long SampleCount { get; }

    long OverwrittenCount { get; }

    /// <summary>What the frame takes so far, for those who cut long ones.</summary>
    int FrameBytes { get; }

    void Begin(in FrameHeader header);

    void AddSamples(Series series, ReadOnlySpan<long> timestampsNs, ReadOnlySpan<long> bits);

    void AddConflated(Series series, in ConflatedRow row);

    void AddHistogram(Series series, in FrameHistogram row);

    void AddExplicitHistogram(Series series, in FrameExplicitHistogram row);

    void AddStamp(Source source);

    void AddOverwritten(long count);

    /// <summary>The finished bytes, held once by the caller; <paramref name="flags"/> are added to the header's.</summary>
    PooledFrame Take(FramePool pool, FrameFlags flags);
}
