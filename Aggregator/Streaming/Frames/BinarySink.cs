using Observability.Aggregator.Storage;

namespace Observability.Aggregator.Streaming.Frames;

/// <summary>Frames of proto/frame.md. [data plane] One thread.</summary>
internal sealed class BinarySink : ISampleSink
{
    private readonly FrameEncoder _encoder = new();
    private FrameHeader _header;

    public long SampleCount => _encoder.SampleCount;

    public long OverwrittenCount => _encoder.OverwrittenCount;

    public int FrameBytes => _encoder.FrameBytes;

    public void Begin(in FrameHeader header)
    {
        _header = header;
        _encoder.Begin(header);
    }

    public void AddSamples(Series series, ReadOnlySpan<long> timestampsNs, ReadOnlySpan<long> bits)
    {
        if (series.Kind == SeriesKind.Counter)
        {
            _encoder.AddCounters(series.Id, timestampsNs, bits);
        }
        else
        {
            _encoder.AddGauges(series.Id, timestampsNs, bits);
        }
    }

    public void AddConflated(Series series, in ConflatedRow row) => _encoder.AddConflated(series.Id, row);

    public void AddHistogram(Series series, in FrameHistogram row) => _encoder.AddHistogram(series.Id, row);

    public void AddExplicitHistogram(Series series, in FrameExplicitHistogram row) => _encoder.AddExplicitHistogram(series.Id, row);

    public void AddStamp(Source source) =>
        _encoder.AddStamp(source.Id, source.NewestSampleNs, source.NewestReceivedNs, source.ClockOffsetNs);

    public void AddOverwritten(long count) => _encoder.AddOverwritten(count);

    public PooledFrame Take(FramePool pool, FrameFlags flags)
    {
        _encoder.AddFlags(flags);
        PooledFrame frame = pool.Rent(_encoder.FrameBytes);
        _encoder.WriteTo(frame.Writable);
        frame.Tick = (_header.Flags & FrameFlags.Backfill) == 0 ? _header.Tick : 0;
        return frame;
    }
}
