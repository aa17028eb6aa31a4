using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using Observability.Aggregator.History;
using Observability.Aggregator.Storage;

namespace Observability.Aggregator.Query;

/// <summary>Gathers the samples of one gauge or counter by steps. A step without samples has no value.</summary>
internal sealed class StepTable
{
    private double[] _min = [];
    private double[] _max = [];
    private double[] _sum = [];
    private double[] _first = [];
    private double[] _last = [];
    private double[] _increase = [];
    private Totals[] _totals = [];
    private long[] _count = [];
    private int[] _order = [];
    private (int Run, long TimeNs, int Row)[] _orderKeys = [];

    public int StepCount { get; private set; }

    public void Begin(int stepCount)
    {
        StepCount = stepCount;
        if (_count.Length < stepCount)
        {
            _min = new double[stepCount];
            _max = new double[stepCount];
            _sum = new double[stepCount];
            _first = new double[stepCount];
            _last = new double[stepCount];
            _increase = new double[stepCount];
            _totals = new Totals[stepCount];
            _count = new long[stepCount];
        }
        Array.Clear(_count, 0, stepCount);
        Array.Clear(_sum, 0, stepCount);
        Array.Clear(_increase, 0, stepCount);
    }

    /// <summary>Adds the buffer's rows. A counter's first sample of all has no increase: what it counted before is unknown.</summary>
    public void Add(SampleBuffer samples, SeriesKind kind, long fromNs, long stepNs)
    {
        ReadOnlySpan<int> order = OrderByTime(samples);
        if (kind == SeriesKind.Gauge && !samples.HasAggregates && order.IsEmpty)
        {
            AddGauges(samples.TimestampsNs.AsSpan(0, samples.Count), MemoryMarshal.Cast<long, double>(samples.Bits.AsSpan(0, samples.Count)), fromNs, stepNs);
            return;
        }
        ulong? previous = null;
        int step = -1;
        long stepFromNs = long.MaxValue;
        long beforeNs = long.MinValue;
        for (int at = 0; at < samples.Count; at++)
        {
            int row = order.IsEmpty ? at : order[at];
            long timeNs = samples.TimestampsNs[row];
            // Samples mostly come in the order of time: a division for each step, not for each sample.
            if (timeNs < stepFromNs || timeNs - stepFromNs >= stepNs)
            {
                long number = Math.DivRem(timeNs - fromNs, stepNs).Quotient;
                step = timeNs < fromNs || number >= StepCount ? -1 : (int)number;
                stepFromNs = step < 0 ? long.MaxValue : fromNs + (step * stepNs);
            }
            ulong total = samples.Counter(row);
            // Rows of one period, as late samples make them, do not tell which of them ended it: the larger total is the newer.
            ulong newest = timeNs == beforeNs && samples.IsAggregate(row) && previous > total ? previous.Value : total;
            beforeNs = timeNs;
            if (step < 0)
            {
                previous = newest;
                continue;
            }
            bool isFirst = _count[step] == 0;
            if (kind == SeriesKind.Counter && samples.IsAggregate(row))
            {
                // A rollup: its sum is the increase since the sample before it.
                Add(step, samples.Min[row], samples.Max[row], samples.Sum[row], newest, (long)samples.Counts[row]);
                _increase[step] += samples.Sum[row];
                _totals[step] = _totals[step].With((ulong)samples.Min[row], (ulong)samples.Max[row], newest, isFirst: isFirst);
                previous = newest;
            }
            else if (kind == SeriesKind.Counter)
            {
                Add(step, total, total, total, total, 1);
                _increase[step] += previous is { } before ? total >= before ? total - before : total : 0;
                _totals[step] = _totals[step].With(total, total, total, isFirst: isFirst);
                previous = total;
            }
            else if (samples.IsAggregate(row))
            {
                Add(step, samples.Min[row], samples.Max[row], samples.Sum[row], samples.Gauge(row), (long)samples.Counts[row]);
            }
            else
            {
                double value = samples.Gauge(row);
                Add(step, value, value, value, value, 1);
            }
        }
    }

    /// <summary>
    /// The rows in the order of their times, as resets and last values are judged: late samples go where they belong. A sample that is older by more than samples may be
    /// late begins anew: there a clock was set back. Empty when the rows lie in order.
    /// </summary>
    private ReadOnlySpan<int> OrderByTime(SampleBuffer samples)
    {
        ReadOnlySpan<long> timesNs = samples.TimestampsNs.AsSpan(0, samples.Count);
        int ordered = 1;
        while (ordered < timesNs.Length && timesNs[ordered] >= timesNs[ordered - 1])
        {
            ordered++;
        }
        if (ordered >= timesNs.Length)
        {
            return [];
        }
        if (_order.Length < timesNs.Length)
        {
            (_order, _orderKeys) = (new int[timesNs.Length], new (int, long, int)[timesNs.Length]);
        }
        int run = 0;
        long newestNs = long.MinValue;
        for (int row = 0; row < timesNs.Length; row++)
        {
            bool isSetBack = timesNs[row] < newestNs && !CounterMemory.IsLate(timesNs[row], newestNs);
            run += isSetBack ? 1 : 0;
            newestNs = isSetBack ? timesNs[row] : long.Max(newestNs, timesNs[row]);
            (_order[row], _orderKeys[row]) = (row, (run, timesNs[row], row));
        }
        Array.Sort(_orderKeys, _order, 0, timesNs.Length);
        return _order.AsSpan(0, timesNs.Length);
    }

    /// <summary>Plain gauges: the samples of a step lie together, so that a step is found and written once for all of them.</summary>
    private void AddGauges(ReadOnlySpan<long> timestampsNs, ReadOnlySpan<double> values, long fromNs, long stepNs)
    {
        long number = -1;
        long stepFromNs = fromNs - stepNs;
        for (int row = 0; row < timestampsNs.Length;)
        {
            long sinceNs = timestampsNs[row] - stepFromNs;
            if (sinceNs >= stepNs && sinceNs - stepNs < stepNs)
            {
                (number, stepFromNs) = (number + 1, stepFromNs + stepNs);    // Mostly the next one.
            }
            else
            {
                number = Floor(timestampsNs[row] - fromNs, stepNs);
                stepFromNs = fromNs + (number * stepNs);
            }
            int begin = row;
            // Without a branch, which values without order would mislead every other time; the second operand is taken where the first is NaN.
            Vector128<double> min = Vector128.CreateScalar(double.PositiveInfinity);
            Vector128<double> max = Vector128.CreateScalar(double.NegativeInfinity);
            double sum = 0;
            do
            {
                Vector128<double> value = Vector128.CreateScalar(values[row]);
                min = Vector128.MinNative(value, min);
                max = Vector128.MaxNative(value, max);
                sum += values[row++];
            }
            while (row < timestampsNs.Length && (ulong)(timestampsNs[row] - stepFromNs) < (ulong)stepNs);
            if ((ulong)number < (ulong)StepCount)
            {
                (double low, double high) = (min.ToScalar(), max.ToScalar());
                // Not a number among them: then that is what they are at least and at most.
                (low, high) = low <= high ? (low, high) : (double.NaN, double.NaN);
                Add((int)number, low, high, sum, values[row - 1], row - begin, first: values[begin]);
            }
        }
    }

    private static long Floor(long ns, long stepNs) => ns >= 0 ? ns / stepNs : -1 - ((-1 - ns) / stepNs);

    public bool TryGet(int step, Aggregation aggregation, long stepNs, out double value)
    {
        value = aggregation switch
        {
            Aggregation.Avg => _sum[step] / _count[step],
            Aggregation.Min => _min[step],
            Aggregation.Max => _max[step],
            Aggregation.Sum => _sum[step],
            Aggregation.Count => _count[step],
            Aggregation.First => _first[step],
            Aggregation.Last => _last[step],
            Aggregation.Increase => _increase[step],
            Aggregation.Rate => _increase[step] / (stepNs / 1e9),
            _ => throw new System.Diagnostics.UnreachableException($"BUG: aggregation {aggregation} of scalar samples was not refused."),
        };
        return _count[step] > 0;
    }

    /// <summary>A counter's own totals, which a double would round above 2^53; for first, last, min and max alone.</summary>
    public bool TryGetTotal(int step, Aggregation aggregation, out ulong total)
    {
        Totals totals = _totals[step];
        total = aggregation switch
        {
            Aggregation.First => totals.First,
            Aggregation.Last => totals.Last,
            Aggregation.Min => totals.Min,
            Aggregation.Max => totals.Max,
            _ => throw new System.Diagnostics.UnreachableException($"BUG: aggregation {aggregation} has no total."),
        };
        return _count[step] > 0;
    }

    private void Add(int step, double min, double max, double sum, double last, long count) => Add(step, min, max, sum, last, count, first: last);

    private void Add(int step, double min, double max, double sum, double last, long count, double first)
    {
        if (_count[step] == 0)
        {
            _first[step] = first;
            _min[step] = min;
            _max[step] = max;
        }
        else
        {
            // A NaN is no minimum while there is a number.
            if (min < _min[step] || double.IsNaN(_min[step]))
            {
                _min[step] = min;
            }
            if (max > _max[step] || double.IsNaN(_max[step]))
            {
                _max[step] = max;
            }
        }
        _sum[step] += sum;
        _last[step] = last;
        _count[step] += count;
    }

    private readonly record struct Totals(ulong First, ulong Last, ulong Min, ulong Max)
    {
        public Totals With(ulong min, ulong max, ulong last, bool isFirst) =>
            isFirst ? new Totals(last, last, min, max) : new Totals(First, last, ulong.Min(Min, min), ulong.Max(Max, max));
    }
}
