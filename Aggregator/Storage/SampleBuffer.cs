using Observability.Aggregator.Rings;

namespace Observability.Aggregator.Storage;

/// <summary>
/// Columns that a reader fills and keeps using: they grow to <see cref="CountMax"/> rows and stay. Reads append; Clear starts over.
/// One thread. A row whose Counts is 0 is a plain sample; otherwise it is conflated and Min, Max and Sum count too.
/// </summary>
internal sealed class SampleBuffer(int countMax = SampleBuffer.CountMaxDefault)
{
    public const int CountMaxDefault = 65_536;

    public int CountMax { get; } = countMax;

    public int Count { get; private set; }

    public long[] TimestampsNs { get; private set; } = [];

    /// <summary>Bits of a double (gauges) or an unsigned total (counters); of a conflated row, its last value.</summary>
    public long[] Bits { get; private set; } = [];

    public double[] Min { get; private set; } = [];

    public double[] Max { get; private set; } = [];

    public double[] Sum { get; private set; } = [];

    public ulong[] Counts { get; private set; } = [];

    /// <summary>True when some row since Clear is conflated.</summary>
    public bool HasAggregates => Counts.AsSpan(0, Count).ContainsAnyExcept(0UL);

    public double Gauge(int row) => BitConverter.Int64BitsToDouble(Bits[row]);

    public ulong Counter(int row) => (ulong)Bits[row];

    public bool IsAggregate(int row) => Counts[row] != 0;

    public void Clear() => Count = 0;

    /// <summary>Room for up to <paramref name="count"/> more rows, less when the buffer is near its bound.</summary>
    internal SampleColumns Free(int count)
    {
        int rows = Math.Min(count, CountMax - Count);
        if (Count + rows > TimestampsNs.Length)
        {
            Grow(Count + rows);
        }
        return new SampleColumns(
            TimestampsNs.AsSpan(Count, rows), Bits.AsSpan(Count, rows),
            Min.AsSpan(Count, rows), Max.AsSpan(Count, rows), Sum.AsSpan(Count, rows), Counts.AsSpan(Count, rows));
    }

    /// <summary>A conflated row; dropped when the buffer is at its bound.</summary>
    internal void Add(long timestampNs, long bits, double min, double max, double sum, ulong count)
    {
        SampleColumns row = Free(1);
        if (row.Length == 1)
        {
            (row.TimestampsNs[0], row.Bits[0], row.Min[0], row.Max[0], row.Sum[0], row.Counts[0]) = (timestampNs, bits, min, max, sum, count);
            Count++;
        }
    }

    internal void Advance(int count) => Count += count;

    /// <summary>Keeps, of the rows from <paramref name="first"/> on, those in the range. Returns how many.</summary>
    internal int KeepRange(int first, long fromNs, long toNs)
    {
        int kept = first;
        long[] timestampsNs = TimestampsNs;
        while (kept < Count && timestampsNs[kept] >= fromNs && timestampsNs[kept] <= toNs)
        {
            kept++;    // Mostly all of them.
        }
        for (int row = kept; row < Count; row++)
        {
            if (timestampsNs[row] < fromNs || timestampsNs[row] > toNs)
            {
                continue;
            }
            if (kept != row)
            {
                MoveRow(row, kept);
            }
            kept++;
        }
        Count = kept;
        return kept - first;
    }

    private void MoveRow(int from, int to)
    {
        TimestampsNs[to] = TimestampsNs[from];
        Bits[to] = Bits[from];
        Min[to] = Min[from];
        Max[to] = Max[from];
        Sum[to] = Sum[from];
        Counts[to] = Counts[from];
    }

    private void Grow(int needed)
    {
        int capacity = Math.Min(CountMax, Math.Max(needed, Math.Max(256, TimestampsNs.Length * 2)));
        TimestampsNs = Larger(TimestampsNs, capacity);
        Bits = Larger(Bits, capacity);
        Min = Larger(Min, capacity);
        Max = Larger(Max, capacity);
        Sum = Larger(Sum, capacity);
        Counts = Larger(Counts, capacity);
    }

    private static T[] Larger<T>(T[] column, int capacity)
    {
        Array.Resize(ref column, capacity);
        return column;
    }
}
