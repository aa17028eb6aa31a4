using Observability.Aggregator.History;
using Observability.Aggregator.Storage;

namespace Observability.Aggregator.Streaming.Frames;

/// <summary>
/// Reads one series from the rings into a sink, conflating what is too much for the class of rate. [data plane] One thread; its buffers grow
/// to the largest read and stay. The end of a read is a position, so that what one reader ends at another can begin with.
/// </summary>
internal sealed class SeriesReader(TelemetryStore store)
{
    /// <summary>Samples of a series' history read at a time; what a cut of a backfill may be long.</summary>
    private const int HistorySamplesMax = 4096;
    private const int HistoryHistogramsMax = 256;

    /// <summary>The newest total may be followed by late ones.</summary>
    private const int MemorySamples = 16;

    private readonly SampleBuffer _samples = new();
    private readonly HistogramEmitter _histograms = new(store);

    /// <summary>Everything from the cursor to <paramref name="end"/> as one interval. Moves the cursor to the end.</summary>
    public void ReadNew(Series series, ref long cursor, long end, ref CounterMemory memory, RateClass rate, ISampleSink sink)
    {
        if (series.Kind == SeriesKind.Histogram)
        {
            _histograms.EmitNew(series, ref cursor, end, rate, sink);
            return;
        }
        while (cursor < end)
        {
            sink.AddOverwritten(ReadChunk(series, ref cursor, end, int.MaxValue));
            if (_samples.Count > rate.RawSamplesMax)
            {
                EmitConflated(series, 0, _samples.Count, ref memory, sink);
            }
            else
            {
                EmitRaw(series, 0, _samples.Count, ref memory, sink);
            }
        }
    }

    /// <summary>
    /// The next part of what the range has left, conflated by the periods of the
    /// class. Returns false once the position has reached the end.
    /// </summary>
    public bool ReadHistory(Series series, ref HistoryRange range, RateClass rate, ISampleSink sink)
    {
        if (range.Position >= range.End)
        {
            return false;
        }
        if (series.Kind == SeriesKind.Histogram)
        {
            _histograms.EmitHistory(series, ref range, HistoryHistogramsMax, rate, sink);
            return range.Position < range.End;
        }
        // What was overwritten before the read began is no loss of this view: it asks for what is there.
        ReadChunk(series, ref range.Position, range.End, HistorySamplesMax);
        int first = 0;
        while (first < _samples.Count && !range.Contains(_samples.TimestampsNs[first]))
        {
            first++;
        }
        if (first > 0 && series.Kind == SeriesKind.Counter)
        {
            range.Memory = After(0, first, range.Memory);
        }
        _samples.KeepRange(0, range.FromNs, range.UntilNs == long.MaxValue ? long.MaxValue : range.UntilNs - 1);
        EmitPeriods(series, ref range.Memory, rate, sink);
        return range.Position < range.End;
    }

    /// <summary>The newest total before a position, when it is still there.</summary>
    public CounterMemory MemoryBefore(Series series, long position)
    {
        if (series.Kind != SeriesKind.Counter || position <= 0)
        {
            return default;
        }
        long cursor = long.Max(0, position - MemorySamples);
        ReadChunk(series, ref cursor, position, MemorySamples);
        return After(0, _samples.Count, default);
    }

    /// <summary>Reads into the buffer, never past the end. Returns how many positions before the end were gone.</summary>
    private long ReadChunk(Series series, ref long cursor, long end, int countMax)
    {
        long begin = cursor;
        _samples.Clear();
        ReadResult result = store.ReadNew(series, ref cursor, _samples, (int)long.Min(countMax, end - cursor));
        if (cursor > end)
        {
            // Overwriting moved the read forward: what lies past the end is another reader's.
            _samples.Advance(-(int)long.Min(_samples.Count, cursor - end));
            cursor = end;
        }
        else if (result.Count == 0 && result.Overwritten == 0)
        {
            cursor = end;
        }
        return long.Min(result.Overwritten, end - begin);
    }

    private void EmitPeriods(Series series, ref CounterMemory memory, RateClass rate, ISampleSink sink)
    {
        int rawStart = 0;
        int start = 0;
        while (start < _samples.Count)
        {
            long period = Math.DivRem(_samples.TimestampsNs[start], rate.PeriodNs).Quotient;
            int end = start + 1;
            while (end < _samples.Count && Math.DivRem(_samples.TimestampsNs[end], rate.PeriodNs).Quotient == period)
            {
                end++;
            }
            if (end - start > rate.RawSamplesMax)
            {
                EmitRaw(series, rawStart, start, ref memory, sink);
                EmitConflated(series, start, end, ref memory, sink);
                rawStart = end;
            }
            start = end;
        }
        EmitRaw(series, rawStart, start, ref memory, sink);
    }

    private void EmitConflated(Series series, int from, int to, ref CounterMemory memory, ISampleSink sink)
    {
        if (series.Kind == SeriesKind.Counter)
        {
            sink.AddConflated(series, Conflation.Counters(_samples, from, to, ref memory));
        }
        else
        {
            sink.AddConflated(series, Conflation.Gauges(_samples, from, to));
        }
    }

    private void EmitRaw(Series series, int from, int to, ref CounterMemory memory, ISampleSink sink)
    {
        if (from == to)
        {
            return;
        }
        if (series.Kind == SeriesKind.Counter)
        {
            memory = After(from, to, memory);
        }
        else if (_samples.HasAggregates)
        {
            EmitRawBetweenAggregates(series, from, to, sink);
            return;
        }
        sink.AddSamples(series, _samples.TimestampsNs.AsSpan(from, to - from), _samples.Bits.AsSpan(from, to - from));
    }

    private CounterMemory After(int from, int to, CounterMemory memory)
    {
        for (int index = from; index < to; index++)
        {
            memory = memory.Next(_samples.Counter(index), _samples.TimestampsNs[index], out _);
        }
        return memory;
    }

    private void EmitRawBetweenAggregates(Series series, int from, int to, ISampleSink sink)
    {
        int rawStart = from;
        for (int index = from; index <= to; index++)
        {
            if (index < to && !_samples.IsAggregate(index))
            {
                continue;
            }
            if (index > rawStart)
            {
                sink.AddSamples(series, _samples.TimestampsNs.AsSpan(rawStart, index - rawStart), _samples.Bits.AsSpan(rawStart, index - rawStart));
            }
            if (index < to)
            {
                sink.AddConflated(series, Conflation.Gauges(_samples, index, index + 1));
            }
            rawStart = index + 1;
        }
    }
}

/// <summary>What is left to read of one series' history: positions up to End whose timestamps lie in [FromNs, UntilNs).</summary>
internal struct HistoryRange
{
    public long Position;
    public long End;
    public long FromNs;
    public long UntilNs;
    public CounterMemory Memory;

    public readonly bool Contains(long timestampNs) => timestampNs >= FromNs && timestampNs < UntilNs;
}
