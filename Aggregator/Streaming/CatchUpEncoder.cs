using Observability.Aggregator.Diagnostics;
using Observability.Aggregator.Storage;

namespace Observability.Aggregator.Streaming;

/// <summary>Encodes catch-ups, frame by frame, for whichever connection holds it at the moment. One thread at a time.</summary>
internal sealed class CatchUpEncoder(TelemetryStore store, StreamingOptions options, FramePool pool, TimeProvider time)
{
    private readonly SeriesReader _reader = new(store);
    private readonly BinarySink _binary = new();
    private readonly JsonSink _json = new();

    /// <summary>The next frame of a backfill. The cursor's last one carries BACKFILL_END.</summary>
    public PooledFrame EncodeNext(BackfillCursor cursor, FrameFormat format, long tick)
    {
        ISampleSink sink = SinkOf(format);
        RateClass asked = cursor.Backfill.Subscription.Rate;
        sink.Begin(Header(asked, FrameFlags.Backfill, tick));
        while (!cursor.IsAtEnd && sink.FrameBytes < options.BackfillFrameBytes)
        {
            if (!_reader.ReadHistory(cursor.Series, ref cursor.Range(store), asked, sink))
            {
                cursor.MoveOn();
            }
        }
        cursor.OnFrame(sink.SampleCount);
        return sink.Take(pool, cursor.IsAtEnd ? FrameFlags.BackfillEnd : FrameFlags.None);
    }

    /// <summary>What the connection missed while it was on no stream, as one frame of its class; null when there was nothing.</summary>
    public PooledFrame? EncodeMissed(CatchUp catchUp, FrameFormat format, out long overwritten)
    {
        ISampleSink sink = SinkOf(format);
        RateClass rate = catchUp.Attachment.Stream.Rate;
        sink.Begin(Header(rate, FrameFlags.None, catchUp.Tick));
        ReadOnlySpan<Series> members = catchUp.Attachment.Stream.Set.Members.AsSpan();
        for (int index = 0; index < catchUp.MemberCount; index++)
        {
            long cursor = catchUp.MissedFrom![index];
            if (cursor >= 0 && cursor < catchUp.End[index])
            {
                CounterMemory memory = _reader.MemoryBefore(members[index], cursor);
                _reader.ReadNew(members[index], ref cursor, catchUp.End[index], ref memory, rate, sink);
            }
        }
        overwritten = sink.OverwrittenCount;
        return sink.SampleCount == 0 && overwritten == 0 ? null : sink.Take(pool, FrameFlags.None);
    }

    private ISampleSink SinkOf(FrameFormat format) => format == FrameFormat.Json ? _json : _binary;

    private FrameHeader Header(RateClass rate, FrameFlags flags, long tick)
    {
        long nowNs = time.UnixNs();
        return new FrameHeader(rate.Hz, flags, store.SessionId, tick, nowNs, nowNs);
    }
}
