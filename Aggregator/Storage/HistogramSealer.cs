using Observability.Aggregator.Histograms;
using Observability.Aggregator.History;
using Observability.Aggregator.Rings;

namespace Observability.Aggregator.Storage;

/// <summary>
/// Makes blocks of a histogram series' rows, and adds them up by seconds and minutes. One thread: the sealer's; it reads rings as any reader does.
/// </summary>
internal sealed class HistogramSealer(TelemetryStore store)
{
    private readonly HistogramBuffer _rows = new(HistogramBlock.RowsMax);
    private readonly HistogramBuffer _periods = new(HistogramBlock.RowsMax);
    private readonly HistogramBlockWriter _writer = new();
    private readonly HistogramSum _sum = new();
    private readonly ExplicitHistogramSum _explicitSum = new();
    private byte[] _scratch = [];

    /// <summary>Rows that were overwritten before they could be sealed.</summary>
    public long LostRows { get; private set; }

    private bool HasRows => _sum.Rows + _explicitSum.Rows > 0;

    /// <summary>Seals what has come, in full blocks; when it is idle, all of it, and closes what is open. Returns how many rows it sealed.</summary>
    public int Seal(Series series, bool isIdle)
    {
        RecordRing ring = series.Records!;
        long head = ring.Head;
        int least = isIdle ? 1 : Math.Min(HistogramBlock.RowsMax, store.Options.RingSamplesMax / 4);
        int sealedRows = 0;
        while (head - ring.SealedRecords >= least)
        {
            HistogramHistory history = series.EnsureHistograms(store);
            long row = ReadRows(ring);
            if (_rows.Count > 0)
            {
                history.Blocks.Add(_writer.Write(_rows, row - _rows.Count, ring.ReceivedNs));
                AddToPeriods(history, ring.ReceivedNs);
                sealedRows += _rows.Count;
            }
            // The block first: who finds the rows overwritten finds the block.
            ring.SealedRecords = row;
        }
        return sealedRows;
    }

    /// <summary>For an idle series: what is open and what is pending go into blocks.</summary>
    public void Close(Series series)
    {
        if (series.Histograms is { } history)
        {
            CloseSecond(history);
            CloseMinute(history);
            history.Seconds.Flush(this);
            history.Minutes.Flush(this);
        }
    }

    /// <summary>Periods as rows of a block.</summary>
    public RowBlock BlockOf(ReadOnlySpan<HistogramPeriod> periods, long firstRow)
    {
        _periods.Clear();
        foreach (HistogramPeriod period in periods)
        {
            HistogramRecord.Decode(period.BeginNs, period.Record, _periods);
        }
        return _writer.Write(_periods, firstRow, periods[^1].ReceivedNs);
    }

    /// <summary>The next rows that lie together, and the position behind them.</summary>
    private long ReadRows(RecordRing ring)
    {
        _rows.Clear();
        long position = ring.SealedRecords;
        while (_rows.Count < HistogramBlock.RowsMax)
        {
            long before = position;
            int size = ring.ReadNext(ref position, ref _rows.Scratch, out long timestampNs, out long lost);
            if (lost > 0 && _rows.Count > 0)
            {
                return before;    // What comes behind the gap is another block.
            }
            LostRows += lost;
            if (size < 0)
            {
                break;
            }
            HistogramRecord.Decode(timestampNs, _rows.Scratch.AsSpan(0, size), _rows);
        }
        return position;
    }

    private void AddToPeriods(HistogramHistory history, long receivedNs)
    {
        Clear();
        HistogramPeriod open = history.OpenSecond;
        if (open.Record is not null)
        {
            _periods.Clear();
            HistogramRecord.Decode(open.BeginNs, open.Record, _periods);
            Add(_periods, 0);
        }
        for (int row = 0; row < _rows.Count; row++)
        {
            long beginNs = history.Seconds.BeginOf(_rows[row].TimestampNs);
            // The next second's first row, or bounds that do not add up: what has been added is a row of its own.
            if (HasRows && (beginNs != open.BeginNs || !IsAddable(_rows, row)))
            {
                history.OpenSecond = new HistogramPeriod(open.BeginNs, receivedNs, Encode());
                CloseSecond(history);
                Clear();
            }
            open = new HistogramPeriod(beginNs, receivedNs, []);
            Add(_rows, row);
        }
        history.OpenSecond = open with { Record = Encode() };
    }

    private void CloseSecond(HistogramHistory history)
    {
        HistogramPeriod second = history.OpenSecond;
        if (second.Record is null)
        {
            return;
        }
        history.OpenSecond = default;
        history.Seconds.Add(second, this);
        HistogramPeriod open = history.OpenMinute;
        long beginNs = history.Minutes.BeginOf(second.BeginNs);
        if (open.Record is null || open.BeginNs != beginNs)
        {
            CloseMinute(history);
            history.OpenMinute = second with { BeginNs = beginNs };
            return;
        }
        Clear();
        _periods.Clear();
        HistogramRecord.Decode(0, open.Record, _periods);
        HistogramRecord.Decode(0, second.Record, _periods);
        Add(_periods, 0);
        if (!IsAddable(_periods, 1))
        {
            CloseMinute(history);
            history.OpenMinute = second with { BeginNs = beginNs };
            return;
        }
        Add(_periods, 1);
        history.OpenMinute = new HistogramPeriod(beginNs, second.ReceivedNs, Encode());
    }

    private void CloseMinute(HistogramHistory history)
    {
        if (history.OpenMinute.Record is not null)
        {
            history.Minutes.Add(history.OpenMinute, this);
            history.OpenMinute = default;
        }
    }

    private bool IsAddable(HistogramBuffer rows, int row) => rows[row].IsExplicit
        ? _sum.Rows == 0 && rows.ExplicitBounds(row).SequenceEqual(_explicitSum.Bounds)
        : _explicitSum.Rows == 0;

    private void Add(HistogramBuffer rows, int row)
    {
        if (rows[row].IsExplicit)
        {
            _explicitSum.TryAdd(rows[row], rows.ExplicitBounds(row), rows.ExplicitCounts(row));
        }
        else
        {
            _sum.Add(rows[row], rows.PositiveCounts(row), rows.NegativeCounts(row));
        }
    }

    private byte[] Encode()
    {
        HistogramSample sample = _explicitSum.Rows > 0
            ? new HistogramSample
            {
                Count = _explicitSum.Count, Sum = _explicitSum.Sum, Min = _explicitSum.Min, Max = _explicitSum.Max,
                ExplicitBounds = _explicitSum.Bounds, ExplicitCounts = _explicitSum.Counts,
            }
            : new HistogramSample
            {
                Count = _sum.Count, Sum = _sum.Sum, Min = _sum.Min, Max = _sum.Max, Scale = _sum.Scale, ZeroCount = _sum.ZeroCount,
                PositiveOffset = (int)_sum.Positive.Offset, PositiveCounts = _sum.Positive.Counts,
                NegativeOffset = (int)_sum.Negative.Offset, NegativeCounts = _sum.Negative.Counts,
            };
        int size = HistogramRecord.Encode(sample, ref _scratch);
        return _scratch.AsSpan(0, size).ToArray();
    }

    private void Clear()
    {
        _sum.Clear();
        _explicitSum.Clear();
    }
}
