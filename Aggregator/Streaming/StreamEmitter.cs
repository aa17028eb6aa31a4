using Observability.Aggregator.Diagnostics;
using Observability.Aggregator.Storage;
using Observability.Aggregator.Streaming.Connections;
using Observability.Aggregator.Streaming.Frames;
using Observability.Aggregator.Streaming.Viewers;

namespace Observability.Aggregator.Streaming;

/// <summary>Makes the frames of one class: one encoding a stream, shared by its attachments. Owned by the frame loop's thread.</summary>
internal sealed class StreamEmitter(
    TelemetryStore store, StreamRegistry registry, SeriesReader reader, FramePool pool, StreamingCounters counters, TimeProvider time)
{
    private readonly BinarySink _binary = new();
    private readonly JsonSink _json = new();

    private readonly List<Viewer> _full = [];

    /// <summary>Viewers whose stream has now caught up with them: for the caller to plan, then to clear.</summary>
    public List<Viewer> ToPlan { get; } = [];

    /// <summary>Viewers of the class whose queue takes no frame more.</summary>
    public List<Viewer> FindFull(RateClass rate)
    {
        _full.Clear();
        foreach (FrameStream stream in registry.StreamsOf(rate))
        {
            foreach (Attachment attachment in stream.Attachments)
            {
                if (attachment.Viewer.Connection.IsQueueFull)
                {
                    _full.Add(attachment.Viewer);
                }
            }
        }
        return _full;
    }

    /// <summary>Returns the frames made.</summary>
    public int Emit(RateClass rate, long tick)
    {
        int frames = 0;
        foreach (FrameStream stream in registry.StreamsOf(rate))
        {
            frames += TryEmit(stream, tick) ? 1 : 0;
            ToPlan.AddRange(stream.Waiting);
        }
        return frames;
    }

    private bool TryEmit(FrameStream stream, long tick)
    {
        long fromTick = stream.Tick;
        long nowNs = time.UnixNs();
        ISampleSink sink = stream.Format == FrameFormat.Json ? _json : _binary;
        sink.Begin(new FrameHeader(stream.Rate.Hz, FrameFlags.None, store.SessionId, tick, nowNs, nowNs));
        stream.Collect(reader, sink, tick);
        if (sink.SampleCount == 0 && sink.OverwrittenCount == 0)
        {
            return false;
        }
        PooledFrame frame = sink.Take(pool, FrameFlags.None);
        foreach (Attachment attachment in stream.Attachments)
        {
            frame.AddReference();
            if (!attachment.Viewer.Connection.Enqueue(Outbound.OfFrame(frame, attachment, stream.MemberCount)))
            {
                // Closed meanwhile: its receiver is about to remove it.
                frame.Release();
            }
            if (sink.OverwrittenCount > 0)
            {
                attachment.Viewer.Connection.Enqueue(Outbound.OfText(
                    ServerMessages.Gap(attachment.Only?.Id, fromTick, tick, "overwritten", sink.OverwrittenCount)));
            }
        }
        counters.OnEncoded(stream.Rate, frame.Length, stream.Attachments.Count, sink.OverwrittenCount);
        frame.Release();
        return true;
    }
}
