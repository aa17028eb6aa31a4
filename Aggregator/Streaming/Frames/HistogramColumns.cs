using System.Runtime.CompilerServices;

namespace Observability.Aggregator.Streaming.Frames;

/// <summary>
/// Gathers HISTOGRAMS. [data plane] Written by one thread. Bucket counts are u32: a row with a larger one continues in further rows of the
/// same series and time, which merge by addition.
/// </summary>
internal sealed class HistogramColumns
{
    /// <summary>
    /// Rows one histogram may be split into: 2^36 measurements in one bucket of one push interval. More is no measurement but an attack on
    /// the size of frames; it is capped there, while <c>count</c> still tells.
    /// </summary>
    public const int SplitRowsMax = 16;

    private readonly Column<uint> _series = new();
    private readonly Column<int> _scale = new();
    private readonly Column<int> _positiveOffset = new();
    private readonly Column<uint> _positiveLength = new();
    private readonly Column<int> _negativeOffset = new();
    private readonly Column<uint> _negativeLength = new();
    private readonly Column<double> _time = new();
    private readonly Column<double> _count = new();
    private readonly Column<double> _zeroCount = new();
    private readonly Column<double> _sum = new();
    private readonly Column<double> _min = new();
    private readonly Column<double> _max = new();
    private readonly Column<uint> _buckets = new();

    public uint RowCount => (uint)_series.Count;

    public uint BucketCount => (uint)_buckets.Count;

    public int PayloadBytes => (6 * _series.FrameBytes) + (6 * _time.FrameBytes) + _buckets.FrameBytes;

    public void Clear()
    {
        _series.Clear();
        _scale.Clear();
        _positiveOffset.Clear();
        _positiveLength.Clear();
        _negativeOffset.Clear();
        _negativeLength.Clear();
        _time.Clear();
        _count.Clear();
        _zeroCount.Clear();
        _sum.Clear();
        _min.Clear();
        _max.Clear();
        _buckets.Clear();
    }

    public void Add(uint series, long baseNs, in FrameHistogram row)
    {
        bool fits = AddBuckets(row.Positive, 0) & AddBuckets(row.Negative, 0);
        AddRow(series, baseNs, row, row.Count, row.ZeroCount, row.Sum);
        if (!fits)
        {
            AddSplitRows(series, baseNs, row);
        }
    }

    public Span<byte> WriteTo(Span<byte> destination)
    {
        destination = _series.WriteTo(destination);
        destination = _scale.WriteTo(destination);
        destination = _positiveOffset.WriteTo(destination);
        destination = _positiveLength.WriteTo(destination);
        destination = _negativeOffset.WriteTo(destination);
        destination = _negativeLength.WriteTo(destination);
        destination = _time.WriteTo(destination);
        destination = _count.WriteTo(destination);
        destination = _zeroCount.WriteTo(destination);
        destination = _sum.WriteTo(destination);
        destination = _min.WriteTo(destination);
        destination = _max.WriteTo(destination);
        return _buckets.WriteTo(destination);
    }

    /// <summary>The u32 of each bucket that row number <paramref name="part"/> holds; true when nothing is left for a further row.</summary>
    private bool AddBuckets(ReadOnlySpan<ulong> counts, int part)
    {
        ulong before = (ulong)part * uint.MaxValue;
        ulong left = 0;
        Span<uint> buckets = _buckets.Extend(counts.Length);
        for (int index = 0; index < counts.Length; index++)
        {
            ulong rest = counts[index] > before ? counts[index] - before : 0;
            buckets[index] = (uint)ulong.Min(rest, uint.MaxValue);
            left |= rest > uint.MaxValue ? 1UL : 0;
        }
        return left == 0;
    }

    private void AddRow(uint series, long baseNs, in FrameHistogram row, double count, double zeroCount, double sum)
    {
        _series.Add(series);
        _scale.Add(row.Scale);
        _positiveOffset.Add(row.PositiveOffset);
        _positiveLength.Add((uint)row.Positive.Length);
        _negativeOffset.Add(row.NegativeOffset);
        _negativeLength.Add((uint)row.Negative.Length);
        _time.Add(row.TimeNs - baseNs);
        _count.Add(count);
        _zeroCount.Add(zeroCount);
        _sum.Add(sum);
        _min.Add(row.Min);
        _max.Add(row.Max);
    }

    /// <summary>Further rows hold the counts that did not fit and take them out of the first row's count; its sum stays whole.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private void AddSplitRows(uint series, long baseNs, in FrameHistogram row)
    {
        int firstRow = _series.Count - 1;
        bool fits = false;
        for (int part = 1; part < SplitRowsMax && !fits; part++)
        {
            int bucketsBefore = _buckets.Count;
            fits = AddBuckets(row.Positive, part) & AddBuckets(row.Negative, part);
            double moved = 0;
            foreach (uint count in _buckets.Values[bucketsBefore..])
            {
                moved += count;
            }
            AddRow(series, baseNs, row, moved, zeroCount: 0, sum: 0);
            _count[firstRow] = double.Max(0, _count[firstRow] - moved);
        }
    }
}

/// <summary>One delta in base-2 exponential buckets, over memory of the caller.</summary>
internal ref struct FrameHistogram
{
    public long TimeNs;
    public ulong Count;
    public double Sum;
    public double Min;
    public double Max;
    public int Scale;
    public ulong ZeroCount;
    public int PositiveOffset;
    public ReadOnlySpan<ulong> Positive;
    public int NegativeOffset;
    public ReadOnlySpan<ulong> Negative;
}
