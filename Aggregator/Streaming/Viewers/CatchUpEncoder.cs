using Observability.Aggregator.History;
using System.Collections.Concurrent;
using Observability.Aggregator.Diagnostics;
using Observability.Aggregator.Storage;
using Observability.Aggregator.Streaming.Frames;

namespace Observability.Aggregator.Streaming.Viewers;

/// <summary>Encodes catch-ups, frame by frame, for whichever connection holds it at the moment. One thread at a time.</summary>
internal sealed class CatchUpEncoder(TelemetryStore store, StreamingOptions options, FramePool pool, TimeProvider time)
{
    private readonly SeriesReader _reader = new(store);
    private readonly BinarySink _binary = new();
    private readonly JsonSink _json = new();

    /// <summary>The next frame of a backfill. Its last one carries BACKFILL_END.</summary>
    public PooledFrame EncodeNext(Backfill backfill, FrameFormat format, long tick)
    {
        ISampleSink sink = SinkOf(format);
        RateClass asked = backfill.Subscription.Rate;
        sink.Begin(Header(asked, FrameFlags.Backfill, tick));
        while (!backfill.IsAtEnd && sink.FrameBytes < options.BackfillFrameBytes)
        {
            if (!_reader.ReadHistory(backfill.Series, ref backfill.Range(store), asked, sink))
            {
                backfill.MoveOn();
            }
        }
        return sink.Take(pool, backfill.IsAtEnd ? FrameFlags.BackfillEnd : FrameFlags.None);
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

/// <summary>
/// Bounds how many catch-ups are read at a time. An encoder is held for one frame and never while a socket is awaited, so that a slow client
/// cannot keep it.
/// </summary>
internal sealed class CatchUpEncoders(StreamingOptions options, Func<CatchUpEncoder> create) : IDisposable
{
    private readonly SemaphoreSlim _free = new(options.BackfillsAtOnceMax);
    private readonly ConcurrentBag<CatchUpEncoder> _encoders = [];

    public async ValueTask<T> UseAsync<T>(Func<CatchUpEncoder, T> encode, CancellationToken cancellationToken)
    {
        await _free.WaitAsync(cancellationToken);
        CatchUpEncoder encoder = _encoders.TryTake(out CatchUpEncoder? idle) ? idle : create();
        try
        {
            return encode(encoder);
        }
        finally
        {
            _encoders.Add(encoder);
            _free.Release();
        }
    }

    public void Dispose() => _free.Dispose();
}
