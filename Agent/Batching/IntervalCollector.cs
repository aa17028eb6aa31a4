using Observability.Agent.Recording;

namespace Observability.Agent.Batching;

/// <summary>
/// One push: takes what all instruments hold, encodes it and appends it to the log of batches. The push thread's; allocates nothing once its
/// buffers have grown to the agent's number of series.
/// </summary>
internal sealed class IntervalCollector : IDisposable
{
    // So many gauge samples in one interval cost more to stamp with the precise clock than the clock's own thread costs.
    private const int FineClockSamplesMin = 1000;

    private readonly InstrumentRegistry _registry;
    private readonly RecordingContext _context;
    private readonly StandardMetrics _standard;
    private readonly BatchLog _log;
    private readonly IntervalEncoder _encoder;
    private readonly GaugeColumns _gauges = new();
    private readonly HistogramAccumulator _interval = new();
    private ulong[] _totals = new ulong[64];
    private long _mergedSeen;
    private long _writtenSeen;

    public IntervalCollector(
        InstrumentRegistry registry, RecordingContext context, StandardMetrics standard, BatchLog log, int batchSamplesMax)
    {
        _registry = registry;
        _context = context;
        _standard = standard;
        _log = log;
        _encoder = new IntervalEncoder(batchSamplesMax);
    }

    public void Collect()
    {
        _context.Clock.Align();
        long nowNs = _context.Clock.PreciseNs();
        _encoder.Begin();
        int gaugeSamples = _gauges.Encode(_context.Gauges, _registry, _encoder);
        ReadOnlySpan<InstrumentHandle> instruments = _registry.Instruments;
        EncodeMerged(instruments, nowNs);
        EncodeHistograms(instruments, nowNs);
        _standard.Encode(nowNs, _encoder);
        EncodeCounters(instruments, nowNs);
        _encoder.End();
        _log.Append(_encoder.Bytes, _encoder.Slices, gaugeSamples);
        ChooseClock();
    }

    public void Dispose() => _encoder.Dispose();

    private void EncodeMerged(ReadOnlySpan<InstrumentHandle> instruments, long nowNs)
    {
        long merged = _context.Drops.MergedCount;
        if (merged == _mergedSeen)
        {
            return;
        }
        _mergedSeen = merged;
        foreach (InstrumentHandle instrument in instruments)
        {
            if (instrument is GaugeHandle gauge && gauge.TryTakeMerged(out GaugeAggregate aggregate))
            {
                gauge.SentTimestampNs = Math.Max(gauge.SentTimestampNs, nowNs);
                _encoder.AddAggregate(gauge.SeriesRef, gauge.SentTimestampNs, aggregate);
            }
        }
    }

    private void EncodeHistograms(ReadOnlySpan<InstrumentHandle> instruments, long nowNs)
    {
        AskOwners(instruments);
        foreach (InstrumentHandle instrument in instruments)
        {
            if (instrument is not HistogramHandle histogram)
            {
                continue;
            }
            _interval.Clear();
            histogram.DrainTo(_interval);
            if (_interval.Count != 0)
            {
                _encoder.AddHistogram(histogram.SeriesRef, nowNs, _interval);
            }
            if (ReferenceEquals(histogram, _standard.Latency))
            {
                _standard.Add(nowNs, _interval);
            }
        }
    }

    private static void AskOwners(ReadOnlySpan<InstrumentHandle> instruments)
    {
        bool isAsked = false;
        foreach (InstrumentHandle instrument in instruments)
        {
            isAsked |= instrument is HistogramHandle histogram && histogram.AskOwner();
        }
        if (isAsked)
        {
            Interlocked.MemoryBarrierProcessWide();
        }
    }

    private void EncodeCounters(ReadOnlySpan<InstrumentHandle> instruments, long nowNs)
    {
        int count = 0;
        int firstRef = 0;
        if (_totals.Length < instruments.Length)
        {
            Array.Resize(ref _totals, Math.Max(instruments.Length, _totals.Length * 2));
        }
        foreach (InstrumentHandle instrument in instruments)
        {
            if (instrument is CounterHandle counter)
            {
                firstRef = count == 0 ? counter.SeriesRef : firstRef;
                _totals[count++] = counter.Total();
            }
            else if (count != 0)
            {
                _encoder.AddCounters(nowNs, firstRef, _totals.AsSpan(0, count));
                count = 0;
            }
        }
        _encoder.AddCounters(nowNs, firstRef, _totals.AsSpan(0, count));
    }

    private void ChooseClock()
    {
        long written = _context.Gauges.WrittenCount + _context.Drops.MergedCount;
        _context.Clock.SetFine(written - _writtenSeen >= FineClockSamplesMin);
        _writtenSeen = written;
    }
}
