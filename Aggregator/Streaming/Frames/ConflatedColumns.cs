namespace Observability.Aggregator.Streaming.Frames;

/// <summary>Gathers CONFLATED. [data plane] Written by one thread.</summary>
internal sealed class ConflatedColumns
{
    private readonly Column<uint> _series = new();
    private readonly Column<uint> _count = new();
    private readonly Column<double> _startTime = new();
    private readonly Column<double> _time = new();
    private readonly Column<double> _first = new();
    private readonly Column<double> _min = new();
    private readonly Column<double> _max = new();
    private readonly Column<double> _last = new();
    private readonly Column<double> _sum = new();

    public uint RowCount => (uint)_series.Count;

    public int PayloadBytes => (2 * _series.FrameBytes) + (7 * _time.FrameBytes);

    public void Clear()
    {
        _series.Clear();
        _count.Clear();
        _startTime.Clear();
        _time.Clear();
        _first.Clear();
        _min.Clear();
        _max.Clear();
        _last.Clear();
        _sum.Clear();
    }

    public void Add(uint series, long baseNs, in ConflatedRow row)
    {
        _series.Add(series);
        _count.Add((uint)long.Min(row.Count, uint.MaxValue));
        _startTime.Add(row.StartNs - baseNs);
        _time.Add(row.TimeNs - baseNs);
        _first.Add(row.First);
        _min.Add(row.Min);
        _max.Add(row.Max);
        _last.Add(row.Last);
        _sum.Add(row.Sum);
    }

    public Span<byte> WriteTo(Span<byte> destination)
    {
        destination = _series.WriteTo(destination);
        destination = _count.WriteTo(destination);
        destination = _startTime.WriteTo(destination);
        destination = _time.WriteTo(destination);
        destination = _first.WriteTo(destination);
        destination = _min.WriteTo(destination);
        destination = _max.WriteTo(destination);
        destination = _last.WriteTo(destination);
        return _sum.WriteTo(destination);
    }
}

/// <summary>Several samples of one series as one: nothing but the shape between them is lost. Times are Unix nanoseconds.</summary>
internal struct ConflatedRow
{
    public long Count;
    public long StartNs;
    public long TimeNs;
    public double First;
    public double Min;
    public double Max;
    public double Last;
    public double Sum;
}
