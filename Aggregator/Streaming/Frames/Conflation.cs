using Observability.Aggregator.History;
using Observability.Aggregator.Storage;

namespace Observability.Aggregator.Streaming.Frames;

/// <summary>Makes one row of several samples, so that a slower view loses resolution but never a spike. [data plane] Pure.</summary>
internal static class Conflation
{
    /// <summary>Rows [from, to) of a gauge; rows that an agent conflated itself are merged in.</summary>
    public static ConflatedRow Gauges(SampleBuffer samples, int from, int to)
    {
        // An agent's own aggregate has no first value: its last stands for it.
        var row = new ConflatedRow
        {
            StartNs = long.MaxValue,
            TimeNs = samples.TimestampsNs[to - 1],
            First = samples.Gauge(from),
            Min = double.NaN,
            Max = double.NaN,
            Last = samples.Gauge(to - 1),
        };
        for (int index = from; index < to; index++)
        {
            row.StartNs = long.Min(row.StartNs, samples.TimestampsNs[index]);
            if (samples.IsAggregate(index))
            {
                row.Count += (long)ulong.Min(samples.Counts[index], uint.MaxValue);
                row.Min = double.MinNumber(row.Min, samples.Min[index]);
                row.Max = double.MaxNumber(row.Max, samples.Max[index]);
                row.Sum += samples.Sum[index];
            }
            else
            {
                double value = samples.Gauge(index);
                row.Count++;
                row.Min = double.MinNumber(row.Min, value);
                row.Max = double.MaxNumber(row.Max, value);
                row.Sum += value;
            }
        }
        return row;
    }

    /// <summary>Rows [from, to) of a counter. The sum is the increase since the sample before.</summary>
    public static ConflatedRow Counters(SampleBuffer samples, int from, int to, ref CounterMemory memory)
    {
        ulong first = samples.Counter(from);
        ulong min = first;
        ulong max = first;
        double increase = 0;
        long startNs = long.MaxValue;
        for (int index = from; index < to; index++)
        {
            ulong total = samples.Counter(index);
            memory = memory.Next(total, samples.TimestampsNs[index], out ulong added);
            increase += added;
            min = ulong.Min(min, total);
            max = ulong.Max(max, total);
            startNs = long.Min(startNs, samples.TimestampsNs[index]);
        }
        return new ConflatedRow
        {
            Count = to - from,
            StartNs = startNs,
            TimeNs = samples.TimestampsNs[to - 1],
            First = first,
            Min = min,
            Max = max,
            Last = samples.Counter(to - 1),
            Sum = increase,
        };
    }
}
