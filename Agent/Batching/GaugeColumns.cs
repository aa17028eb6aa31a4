using Observability.Agent.Recording;

namespace Observability.Agent.Batching;

/// <summary>
/// Takes what the gauge buffer holds and encodes it: series with one sample as ticks (runs of consecutive refs at one instant), series with
/// several as columns. The push thread's; its arrays grow to the largest interval seen and stay.
/// </summary>
internal sealed class GaugeColumns
{
    private const int None = -1;

    private GaugeSample[] _samples = new GaugeSample[64];
    private int[] _nextOfSameSeries = new int[64];
    private int _sampleCount;

    // By ref: first and last sample of the interval, and how many.
    private Chain[] _chains = new Chain[64];
    private int[] _touchedRefs = new int[64];
    private int _touchedCount;

    private long[] _timestampsNs = new long[64];
    private double[] _values = new double[64];

    /// <summary>Returns how many samples were taken. Whatever is written meanwhile comes next time, so this ends.</summary>
    public int Encode(GaugeBuffer buffer, InstrumentRegistry registry, IntervalEncoder encoder)
    {
        Take(buffer);
        if (_sampleCount == 0)
        {
            return 0;
        }
        ReadOnlySpan<InstrumentHandle> instruments = registry.Instruments;      // read last: it holds every series of these samples
        Link(instruments.Length);
        Span<int> touched = _touchedRefs.AsSpan(0, _touchedCount);
        touched.Sort();
        int runLength = 0;
        int runFirstRef = 0;
        long runTimestampNs = 0;
        foreach (int seriesRef in touched)
        {
            Chain chain = _chains[seriesRef - 1];
            _chains[seriesRef - 1] = default;
            bool isSingle = chain.Count == 1;
            long timestampNs = Follow(instruments[seriesRef - 1], _samples[chain.First].TimestampNs);
            bool joins = isSingle && runLength > 0 && seriesRef == runFirstRef + runLength && timestampNs == runTimestampNs;
            if (!joins && runLength > 0)
            {
                encoder.AddGauges(runTimestampNs, runFirstRef, _values.AsSpan(0, runLength));
                runLength = 0;
            }
            if (!isSingle)
            {
                EncodeColumns(instruments[seriesRef - 1], chain, encoder);
                continue;
            }
            if (runLength == 0)
            {
                runFirstRef = seriesRef;
                runTimestampNs = timestampNs;
            }
            _values[runLength++] = _samples[chain.First].Value;
        }
        if (runLength > 0)
        {
            encoder.AddGauges(runTimestampNs, runFirstRef, _values.AsSpan(0, runLength));
        }
        return _sampleCount;
    }

    // Two threads may have read the clock in another order than they took their place in the queue.
    private static long Follow(InstrumentHandle instrument, long timestampNs) =>
        instrument.SentTimestampNs = Math.Max(instrument.SentTimestampNs, timestampNs);

    private void EncodeColumns(InstrumentHandle instrument, Chain chain, IntervalEncoder encoder)
    {
        int count = 0;
        for (int i = chain.First; i != None; i = _nextOfSameSeries[i])
        {
            _timestampsNs[count] = Follow(instrument, _samples[i].TimestampNs);
            _values[count++] = _samples[i].Value;
        }
        encoder.AddGaugeColumns(instrument.SeriesRef, _timestampsNs.AsSpan(0, count), _values.AsSpan(0, count));
    }

    private void Take(GaugeBuffer buffer)
    {
        _sampleCount = buffer.Take(ref _samples);
        if (_values.Length < _samples.Length)
        {
            Array.Resize(ref _nextOfSameSeries, _samples.Length);
            Array.Resize(ref _timestampsNs, _samples.Length);
            Array.Resize(ref _values, _samples.Length);
        }
    }

    private void Link(int seriesCount)
    {
        if (_chains.Length < seriesCount)
        {
            Array.Resize(ref _chains, Math.Max(seriesCount, _chains.Length * 2));
            Array.Resize(ref _touchedRefs, _chains.Length);
        }
        _touchedCount = 0;
        for (int i = 0; i < _sampleCount; i++)
        {
            int seriesRef = _samples[i].SeriesRef;
            ref Chain chain = ref _chains[seriesRef - 1];
            if (chain.Count == 0)
            {
                chain.First = i;
                _touchedRefs[_touchedCount++] = seriesRef;
            }
            else
            {
                _nextOfSameSeries[chain.Last] = i;
            }
            _nextOfSameSeries[i] = None;
            chain.Last = i;
            chain.Count++;
        }
    }

    private struct Chain
    {
        public int First;
        public int Last;
        public int Count;
    }
}
