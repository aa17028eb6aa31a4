using System.Runtime.CompilerServices;

namespace Observability.Aggregator.Streaming.Frames;

/// <summary>Gathers EXPLICIT_HISTOGRAMS; counts past u32 are split as in <see cref="HistogramColumns"/>. [data plane] Written by one thread.</summary>
internal sealed class ExplicitHistogramColumns
{
    private readonly Column<uint> _series = new();
    private readonly Column<uint> _boundCount = new();
    private readonly Column<double> _time = new();
    private readonly Column<double> _count = new();
    private readonly Column<double> _sum = new();
    private readonly Column<double> _min = new();
    private readonly Column<double> _max = new();
    private readonly Column<double> _bounds = new();
    private readonly Column<uint> _counts = new();

    public uint RowCount => (uint)_series.Count;

    public uint BoundCount => (uint)_bounds.Count;

    public int PayloadBytes => (2 * _series.FrameBytes) + (5 * _time.FrameBytes) + _bounds.FrameBytes + _counts.FrameBytes;

    public void Clear()
    {
        _series.Clear();
        _boundCount.Clear();
        _time.Clear();
        _count.Clear();
        _sum.Clear();
        _min.Clear();
        _max.Clear();
        _bounds.Clear();
        _counts.Clear();
    }

    public void Add(uint series, long baseNs, in FrameExplicitHistogram row)
    {
        bool fits = AddCounts(row, 0);
        AddRow(series, baseNs, row, row.Count, row.Sum);
        if (!fits)
        {
            AddSplitRows(series, baseNs, row);
        }
    }

    public Span<byte> WriteTo(Span<byte> destination)
    {
        destination = _series.WriteTo(destination);
        destination = _boundCount.WriteTo(destination);
        destination = _time.WriteTo(destination);
        destination = _count.WriteTo(destination);
        destination = _sum.WriteTo(destination);
        destination = _min.WriteTo(destination);
        destination = _max.WriteTo(destination);
        destination = _bounds.WriteTo(destination);
        return _counts.WriteTo(destination);
    }

    private bool AddCounts(in FrameExplicitHistogram row, int part)
    {
        ulong before = (ulong)part * uint.MaxValue;
        bool fits = true;
        Span<uint> counts = _counts.Extend(row.Bounds.Length + 1);
        for (int index = 0; index < counts.Length; index++)
        {
            ulong count = index < row.Counts.Length ? row.Counts[index] : 0;
            ulong rest = count > before ? count - before : 0;
            counts[index] = (uint)ulong.Min(rest, uint.MaxValue);
            fits &= rest <= uint.MaxValue;
        }
        return fits;
    }

    private void AddRow(uint series, long baseNs, in FrameExplicitHistogram row, double count, double sum)
    {
        _series.Add(series);
        _boundCount.Add((uint)row.Bounds.Length);
        _time.Add(row.TimeNs - baseNs);
        _count.Add(count);
        _sum.Add(sum);
        _min.Add(row.Min);
        _max.Add(row.Max);
        row.Bounds.CopyTo(_bounds.Extend(row.Bounds.Length));
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void AddSplitRows(uint series, long baseNs, in FrameExplicitHistogram row)
    {
        int firstRow = _series.Count - 1;
        bool fits = false;
        for (int part = 1; part < HistogramColumns.SplitRowsMax && !fits; part++)
        {
            int countsBefore = _counts.Count;
            fits = AddCounts(row, part);
            double moved = 0;
            foreach (uint count in _counts.Values[countsBefore..])
            {
                moved += count;
            }
            AddRow(series, baseNs, row, moved, sum: 0);
            _count[firstRow] = double.Max(0, _count[firstRow] - moved);
        }
    }
}

/// <summary>One delta in buckets of the sender's own bounds, over memory of the caller; one count more than bounds.</summary>
internal ref struct FrameExplicitHistogram
{
    public long TimeNs;
    public ulong Count;
    public double Sum;
    public double Min;
    public double Max;
    public ReadOnlySpan<double> Bounds;
    public ReadOnlySpan<ulong> Counts;
}
