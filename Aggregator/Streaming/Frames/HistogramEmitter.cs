using Observability.Aggregator.Histograms;
using Observability.Aggregator.Storage;

namespace Observability.Aggregator.Streaming.Frames;

/// <summary>The part of <see cref="SeriesReader"/> that reads histograms; rows of one interval are added up. [data plane] One thread.</summary>
internal sealed class HistogramEmitter(TelemetryStore store)
{
    private readonly HistogramBuffer _rows = new();
    private readonly HistogramSum _sum = new();
    private readonly ExplicitHistogramSum _explicitSum = new();

    /// <summary>Everything from the cursor to the end as one interval.</summary>
    public void EmitNew(Series series, ref long cursor, long end, RateClass rate, ISampleSink sink)
    {
        while (cursor < end)
        {
            _rows.Clear();
            sink.AddOverwritten(Read(series, ref cursor, end, int.MaxValue));
            Emit(series, 0, _rows.Count, rate, sink);
        }
    }

    /// <summary>The next part of the history, added up by the periods of the class.</summary>
    public void EmitHistory(Series series, ref HistoryRange range, int countMax, RateClass rate, ISampleSink sink)
    {
        _rows.Clear();
        Read(series, ref range.Position, range.End, countMax);
        int start = 0;
        while (start < _rows.Count)
        {
            if (!range.Contains(_rows[start].TimestampNs))
            {
                start++;
                continue;
            }
            long period = _rows[start].TimestampNs / rate.PeriodNs;
            int end = start + 1;
            while (end < _rows.Count && _rows[end].TimestampNs / rate.PeriodNs == period && range.Contains(_rows[end].TimestampNs))
            {
                end++;
            }
            Emit(series, start, end, rate, sink);
            start = end;
        }
    }

    /// <summary>Row by row, since a position may be skipped at any of them; never takes one past the end. Returns how many were gone.</summary>
    private long Read(Series series, ref long cursor, long end, int countMax)
    {
        long overwritten = 0;
        while (cursor < end && _rows.Count < countMax)
        {
            long before = cursor;
            int countBefore = _rows.Count;
            ReadResult result = store.ReadNewHistograms(series, ref cursor, _rows, 1);
            overwritten += long.Min(result.Overwritten, end - before);
            if (cursor > end)
            {
                _rows.Truncate(countBefore);
                cursor = end;
            }
            else if (result.Count == 0)
            {
                // Full, or nothing there: the caller empties the buffer, or the cursor has come to its end.
                cursor = _rows.Count == 0 && result.Overwritten == 0 ? end : cursor;
                break;
            }
        }
        return overwritten;
    }

    private void Emit(Series series, int from, int to, RateClass rate, ISampleSink sink)
    {
        if (to - from <= rate.RawSamplesMax)
        {
            for (int row = from; row < to; row++)
            {
                EmitRow(series, row, sink);
            }
            return;
        }
        _sum.Clear();
        _explicitSum.Clear();
        for (int row = from; row < to; row++)
        {
            if (!_rows[row].IsExplicit)
            {
                _sum.Add(_rows[row], _rows.PositiveCounts(row), _rows.NegativeCounts(row));
            }
            else if (!_explicitSum.TryAdd(_rows[row], _rows.ExplicitBounds(row), _rows.ExplicitCounts(row)))
            {
                EmitExplicitSum(series, sink);
                _explicitSum.Clear();
                _explicitSum.TryAdd(_rows[row], _rows.ExplicitBounds(row), _rows.ExplicitCounts(row));
            }
        }
        EmitSum(series, sink);
        EmitExplicitSum(series, sink);
    }

    private void EmitRow(Series series, int row, ISampleSink sink)
    {
        ref readonly HistogramRow read = ref _rows[row];
        if (read.IsExplicit)
        {
            sink.AddExplicitHistogram(series, new FrameExplicitHistogram
            {
                TimeNs = read.TimestampNs, Count = read.Count, Sum = read.Sum, Min = read.Min, Max = read.Max,
                Bounds = _rows.ExplicitBounds(row), Counts = _rows.ExplicitCounts(row),
            });
            return;
        }
        sink.AddHistogram(series, new FrameHistogram
        {
            TimeNs = read.TimestampNs, Count = read.Count, Sum = read.Sum, Min = read.Min, Max = read.Max, Scale = read.Scale,
            ZeroCount = read.ZeroCount, PositiveOffset = read.PositiveOffset, Positive = _rows.PositiveCounts(row),
            NegativeOffset = read.NegativeOffset, Negative = _rows.NegativeCounts(row),
        });
    }

    private void EmitSum(Series series, ISampleSink sink)
    {
        if (_sum.Rows == 0)
        {
            return;
        }
        sink.AddHistogram(series, new FrameHistogram
        {
            TimeNs = _sum.TimestampNs, Count = _sum.Count, Sum = _sum.Sum, Min = _sum.Min, Max = _sum.Max, Scale = _sum.Scale,
            ZeroCount = _sum.ZeroCount, PositiveOffset = (int)_sum.Positive.Offset, Positive = _sum.Positive.Counts,
            NegativeOffset = (int)_sum.Negative.Offset, Negative = _sum.Negative.Counts,
        });
    }

    private void EmitExplicitSum(Series series, ISampleSink sink)
    {
        if (_explicitSum.Rows == 0)
        {
            return;
        }
        sink.AddExplicitHistogram(series, new FrameExplicitHistogram
        {
            TimeNs = _explicitSum.TimestampNs, Count = _explicitSum.Count, Sum = _explicitSum.Sum,
            Min = _explicitSum.Min, Max = _explicitSum.Max,
            Bounds = _explicitSum.Bounds, Counts = _explicitSum.Counts,
        });
    }
}
