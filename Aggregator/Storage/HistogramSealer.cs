using Observability.Aggregator.Histograms;

namespace Observability.Aggregator.Storage;

/// <summary>Adds up histograms by seconds and minutes, once a second is over. One thread: the sealer's; it reads rings as any reader does.</summary>
internal sealed class HistogramSealer(TelemetryStore store)
{
    /// <summary>A series that has received nothing for so long has its open periods closed.</summary>
    private const long RestNs = 5_000_000_000;

    private readonly HistogramBuffer _row = new();
    private readonly HistogramBuffer _merged = new();
    private readonly HistogramSum _sum = new();
    private readonly ExplicitHistogramSum _explicitSum = new();
    private byte[] _scratch = [];

    public void Seal(Series series, long nowNs)
    {
        HistogramRollups rollups = series.EnsureHistogramRollups(store);
        bool rests = nowNs - series.NewestReceivedNs > RestNs;
        long cursor = rollups.Cursor;
        long openBeginNs = long.MinValue;
        Clear();
        while (true)
        {
            long before = cursor;
            _row.Clear();
            if (store.ReadNewHistograms(series, ref cursor, _row, 1).Count == 0)
            {
                break;
            }
            long beginNs = rollups.Seconds.BeginOf(_row[0].TimestampNs);
            // The next second's first row, or bounds that do not add up: what has been added is a row of its own.
            if (HasRows && (beginNs != openBeginNs || !IsAddable()))
            {
                CloseSecond(rollups, openBeginNs, series.NewestReceivedNs);
            }
            if (!HasRows)
            {
                rollups.Cursor = before;
                openBeginNs = beginNs;
            }
            AddRow();
        }
        if (HasRows && rests)
        {
            CloseSecond(rollups, openBeginNs, series.NewestReceivedNs);
        }
        rollups.Cursor = HasRows ? rollups.Cursor : cursor;
        if (rests && rollups.OpenMinute.Record is not null)
        {
            rollups.Minutes.Add(rollups.OpenMinute);
            rollups.OpenMinute = default;
        }
    }

    private bool HasRows => _sum.Rows + _explicitSum.Rows > 0;

    private bool IsAddable() => _row[0].IsExplicit
        ? _sum.Rows == 0 && _row.ExplicitBounds(0).SequenceEqual(_explicitSum.Bounds)
        : _explicitSum.Rows == 0;

    private void AddRow()
    {
        if (_row[0].IsExplicit)
        {
            _explicitSum.TryAdd(_row[0], _row.ExplicitBounds(0), _row.ExplicitCounts(0));
        }
        else
        {
            _sum.Add(_row[0], _row.PositiveCounts(0), _row.NegativeCounts(0));
        }
    }

    private void CloseSecond(HistogramRollups rollups, long beginNs, long receivedNs)
    {
        HistogramPeriod second = new(beginNs, receivedNs, Encode());
        Clear();
        rollups.Seconds.Add(second);
        AddToMinute(rollups, second);
        Clear();
    }

    private void AddToMinute(HistogramRollups rollups, in HistogramPeriod second)
    {
        HistogramPeriod open = rollups.OpenMinute;
        long beginNs = rollups.Minutes.BeginOf(second.BeginNs);
        if (open.Record is null || open.BeginNs != beginNs)
        {
            CloseMinute(rollups);
            rollups.OpenMinute = second with { BeginNs = beginNs };
            return;
        }
        _merged.Clear();
        HistogramRecord.Decode(0, open.Record, _merged);
        HistogramRecord.Decode(0, second.Record, _merged);
        for (int row = 0; row < 2; row++)
        {
            if (_merged[row].IsExplicit != _merged[0].IsExplicit
                || (_merged[0].IsExplicit && !_merged.ExplicitBounds(row).SequenceEqual(_merged.ExplicitBounds(0))))
            {
                CloseMinute(rollups);
                rollups.OpenMinute = second with { BeginNs = beginNs };
                return;
            }
        }
        for (int row = 0; row < 2; row++)
        {
            if (_merged[row].IsExplicit)
            {
                _explicitSum.TryAdd(_merged[row], _merged.ExplicitBounds(row), _merged.ExplicitCounts(row));
            }
            else
            {
                _sum.Add(_merged[row], _merged.PositiveCounts(row), _merged.NegativeCounts(row));
            }
        }
        rollups.OpenMinute = new HistogramPeriod(beginNs, second.ReceivedNs, Encode());
    }

    private static void CloseMinute(HistogramRollups rollups)
    {
        if (rollups.OpenMinute.Record is not null)
        {
            rollups.Minutes.Add(rollups.OpenMinute);
            rollups.OpenMinute = default;
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
