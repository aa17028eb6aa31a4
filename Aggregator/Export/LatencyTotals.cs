using Observability.Aggregator.Histograms;
using Observability.Aggregator.Storage;

namespace Observability.Aggregator.Export;

/// <summary>
/// The metric <c>latency</c> of one service, all its instances and routes together: totals since the start by fixed bounds in seconds, and
/// quantiles of the last minute. Rows are added up first and spread over the bounds once a round.
/// </summary>
internal sealed class LatencyTotals
{
    private const int SlotCount = 6;
    private const long SlotNs = 10_000_000_000;
    private const double SecondsPerMs = 1e-3;
    private const int ScaleOfExplicit = 5;

    private readonly double[] _counts = new double[LatencyBounds.Seconds.Length + 1];
    private readonly HistogramSum _round = new();
    private readonly HistogramSum _merged = new();
    private readonly HistogramSum[] _slots = [.. Enumerable.Range(0, SlotCount).Select(_ => new HistogramSum())];
    private readonly long[] _slotNumbers = new long[SlotCount];

    public LatencyTotals() => _round.Clear();

    public double Count { get; private set; }

    public double Sum { get; private set; }

    /// <summary>The end of the first interval that was added; 0 before it.</summary>
    public long CreatedNs { get; private set; }

    /// <summary>Milliseconds of one unit of a series; null when it is no unit of time. The standard metric's ms stand for an unknown unit.</summary>
    public static double? MsOf(string unit) => unit.Length == 0 ? 1 : TimeUnits.SecondsOf(unit) / SecondsPerMs;

    public void Add(HistogramBuffer rows, int row, double ms)
    {
        HistogramRow read = ms == 1 ? rows[row] : rows[row].MultipliedBy(ms);
        CreatedNs = CreatedNs == 0 ? read.TimestampNs : CreatedNs;
        Count += read.Count;
        // One sender's nonsense must not end the totals of a service.
        Sum += double.IsFinite(read.Sum) && read.Sum > 0 ? read.Sum * SecondsPerMs : 0;
        if (read.IsExplicit)
        {
            AddExplicit(read, rows.ExplicitBounds(row), rows.ExplicitCounts(row), ms);
            return;
        }
        _round.Add(read, rows.PositiveCounts(row), rows.NegativeCounts(row));
    }

    /// <summary>Puts what was added since the last call into the totals and the present ten seconds.</summary>
    public void EndRound(long nowNs)
    {
        if (_round.Rows == 0)
        {
            return;
        }
        _counts[0] += _round.ZeroCount + _round.Negative.Total;
        for (int index = 0; index < _round.Positive.Counts.Length; index++)
        {
            double upper = Math.Pow(2, (_round.Positive.Offset + index + 1) * Math.ScaleB(1, -_round.Scale)) * SecondsPerMs;
            _counts[LatencyBounds.IndexOf(upper)] += _round.Positive.Counts[index];
        }
        Merge(_round, Slot(nowNs));
        _round.Clear();
    }

    /// <summary>Measurements by bound of <see cref="LatencyBounds"/>, not cumulative; the last is of everything above.</summary>
    public ReadOnlySpan<double> Counts => _counts;

    /// <summary>In seconds, over the last minute; NaN without a request in it.</summary>
    public void ReadQuantiles(long nowNs, ReadOnlySpan<double> quantiles, Span<double> into)
    {
        _merged.Clear();
        for (int slot = 0; slot < SlotCount; slot++)
        {
            if ((nowNs / SlotNs) - _slotNumbers[slot] < SlotCount)
            {
                Merge(_slots[slot], _merged);
            }
        }
        for (int index = 0; index < quantiles.Length; index++)
        {
            into[index] = Math.Max(0, _merged.Quantile(quantiles[index]) * SecondsPerMs);
        }
    }

    /// <summary>Each bucket's measurements are taken at its middle.</summary>
    private void AddExplicit(in HistogramRow read, ReadOnlySpan<double> bounds, ReadOnlySpan<ulong> counts, double ms)
    {
        for (int index = 0; index < counts.Length; index++)
        {
            double lower = index == 0 ? 0 : bounds[index - 1] * ms;
            double upper = index < bounds.Length ? bounds[index] * ms : double.IsFinite(read.Max) ? double.Max(read.Max, lower) : lower;
            double middle = (lower + upper) / 2;
            if (counts[index] == 0)
            {
                continue;
            }
            bool isPositive = middle > 0 && double.IsFinite(middle);
            int bucket = isPositive ? (int)Math.Ceiling(Math.Log2(middle) * (1 << ScaleOfExplicit)) - 1 : 0;
            var row = new HistogramRow { Count = counts[index], Min = double.NaN, Max = double.NaN, Scale = ScaleOfExplicit, PositiveOffset = bucket };
            row.ZeroCount = isPositive ? 0 : counts[index];
            _round.Add(row, isPositive ? counts.Slice(index, 1) : default, default);
        }
    }

    private HistogramSum Slot(long nowNs)
    {
        long number = nowNs / SlotNs;
        int slot = (int)(number % SlotCount);
        if (_slotNumbers[slot] != number)
        {
            _slotNumbers[slot] = number;
            _slots[slot].Clear();
        }
        return _slots[slot];
    }

    private static void Merge(HistogramSum from, HistogramSum into)
    {
        if (from.Rows > 0)
        {
            into.Add(
                new HistogramRow
                {
                    Count = from.Count, Sum = from.Sum, Min = from.Min, Max = from.Max, Scale = from.Scale, ZeroCount = from.ZeroCount,
                    PositiveOffset = (int)from.Positive.Offset, NegativeOffset = (int)from.Negative.Offset,
                },
                from.Positive.Counts,
                from.Negative.Counts);
        }
    }
}
