using System.Runtime.CompilerServices;

namespace Observability.Aggregator.Streaming.Frames;

/// <summary>
/// Gathers GAUGES or COUNTERS: runs of consecutive series with equal timestamps become one group, so that a tick of an agent writes each
/// timestamp once. [data plane] Written by one thread; series come in rising order of their ids for the groups to form.
/// </summary>
internal sealed class RawColumns
{
    private readonly Column<uint> _firstSeries = new();
    private readonly Column<uint> _seriesCount = new();
    private readonly Column<uint> _sampleCount = new();
    private readonly Column<double> _times = new();
    private readonly Column<long> _values = new();

    // The open group's timestamps as they were given: equal timestamps are found by comparing memory.
    private readonly Column<long> _groupTimestampsNs = new();

    public int PayloadBytes => _firstSeries.Count == 0
        ? 0
        : _firstSeries.FrameBytes + _seriesCount.FrameBytes + _sampleCount.FrameBytes + _times.FrameBytes + _values.FrameBytes;

    public uint GroupCount => (uint)_firstSeries.Count;

    public uint TimeCount => (uint)_times.Count;

    public void Clear()
    {
        _firstSeries.Clear();
        _seriesCount.Clear();
        _sampleCount.Clear();
        _times.Clear();
        _values.Clear();
        _groupTimestampsNs.Clear();
    }

    /// <summary>Adds one series' samples, all of them within reach of <paramref name="baseNs"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Add(uint series, long baseNs, ReadOnlySpan<long> timestampsNs, ReadOnlySpan<long> bits)
    {
        int group = _firstSeries.Count - 1;
        if (group >= 0 && _firstSeries[group] + _seriesCount[group] == series && _groupTimestampsNs.Values.SequenceEqual(timestampsNs))
        {
            _seriesCount[group]++;
        }
        else
        {
            OpenGroup(series, baseNs, timestampsNs);
        }
        bits.CopyTo(_values.Extend(bits.Length));
    }

    public Span<byte> WriteTo(Span<byte> destination)
    {
        destination = _firstSeries.WriteTo(destination);
        destination = _seriesCount.WriteTo(destination);
        destination = _sampleCount.WriteTo(destination);
        destination = _times.WriteTo(destination);
        return _values.WriteTo(destination);
    }

    private void OpenGroup(uint series, long baseNs, ReadOnlySpan<long> timestampsNs)
    {
        _firstSeries.Add(series);
        _seriesCount.Add(1);
        _sampleCount.Add((uint)timestampsNs.Length);
        Span<double> times = _times.Extend(timestampsNs.Length);
        for (int index = 0; index < timestampsNs.Length; index++)
        {
            times[index] = timestampsNs[index] - baseNs;
        }
        _groupTimestampsNs.Clear();
        timestampsNs.CopyTo(_groupTimestampsNs.Extend(timestampsNs.Length));
    }
}
