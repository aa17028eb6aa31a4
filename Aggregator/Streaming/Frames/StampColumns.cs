namespace Observability.Aggregator.Streaming.Frames;

/// <summary>Gathers STAMPS, one row a source. [data plane] Written by one thread.</summary>
internal sealed class StampColumns
{
    private readonly Column<uint> _source = new();
    private readonly Column<double> _recorded = new();
    private readonly Column<double> _received = new();
    private readonly Column<double> _clockOffset = new();

    public uint RowCount => (uint)_source.Count;

    public int PayloadBytes => _source.FrameBytes + (3 * _recorded.FrameBytes);

    public void Clear()
    {
        _source.Clear();
        _recorded.Clear();
        _received.Clear();
        _clockOffset.Clear();
    }

    public void Add(uint source, long baseNs, long recordedNs, long receivedNs, long clockOffsetNs)
    {
        _source.Add(source);
        _recorded.Add(recordedNs - baseNs);
        _received.Add(receivedNs - baseNs);
        _clockOffset.Add(clockOffsetNs);
    }

    public Span<byte> WriteTo(Span<byte> destination)
    {
        destination = _source.WriteTo(destination);
        destination = _recorded.WriteTo(destination);
        destination = _received.WriteTo(destination);
        return _clockOffset.WriteTo(destination);
    }
}
