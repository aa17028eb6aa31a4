using System.Runtime.InteropServices;
using Observability.Agent.Recording;

namespace Observability.Agent.Batching;

/// <summary>Bytes of one batch inside the encoder's buffer, and how many samples they hold.</summary>
internal readonly record struct BatchSlice(int Offset, int Length, int SampleCount);

/// <summary>
/// Encodes the samples of one push interval as TelemetryBatch fields 3 and 7, cut into batches of at most a number of samples. The bytes
/// name series by refs that hold for the whole session, so they stay valid on every later stream. The push thread's.
/// </summary>
internal sealed class IntervalEncoder(int batchSamplesMax) : IDisposable
{
    private readonly ProtoWriter _writer = new();
    private readonly List<BatchSlice> _slices = new(capacity: 16);
    private int _sliceStart;
    private int _sliceSamples;

    public ReadOnlySpan<byte> Bytes => _writer.Written;

    public ReadOnlySpan<BatchSlice> Slices => CollectionsMarshal.AsSpan(_slices);

    public void Begin()
    {
        _writer.Clear();
        _slices.Clear();
        _sliceStart = 0;
        _sliceSamples = 0;
    }

    /// <summary>Closes the last batch.</summary>
    public void End()
    {
        if (_sliceSamples != 0)
        {
            CloseSlice();
        }
    }

    /// <summary>Gauges of consecutive series at one instant.</summary>
    public void AddGauges(long timestampNs, int firstRef, ReadOnlySpan<double> values)
    {
        while (!values.IsEmpty)
        {
            int count = Take(values.Length);
            AddTick(timestampNs, firstRef, WireTags.TickGauges, MemoryMarshal.Cast<double, ulong>(values[..count]));
            firstRef += count;
            values = values[count..];
        }
    }

    /// <summary>Totals of consecutive counters at one instant.</summary>
    public void AddCounters(long timestampNs, int firstRef, ReadOnlySpan<ulong> values)
    {
        while (!values.IsEmpty)
        {
            int count = Take(values.Length);
            AddTick(timestampNs, firstRef, WireTags.TickCounters, values[..count]);
            firstRef += count;
            values = values[count..];
        }
    }

    /// <summary>Several samples of one gauge, as columns.</summary>
    public void AddGaugeColumns(int seriesRef, ReadOnlySpan<long> timestampsNs, ReadOnlySpan<double> values)
    {
        while (!values.IsEmpty)
        {
            int count = Take(values.Length);
            int column = count * sizeof(ulong);
            int packed = 2 * (1 + ProtoWriter.VarintSize((ulong)column) + column);
            BeginMetric(seriesRef, packed, WireTags.MetricPacked);
            _writer.PackedFixed64(WireTags.PackedTimestamps, timestampsNs[..count]);
            _writer.PackedDouble(WireTags.PackedGauges, values[..count]);
            timestampsNs = timestampsNs[count..];
            values = values[count..];
        }
    }

    /// <summary>Gauge values merged into one sample.</summary>
    public void AddAggregate(int seriesRef, long timestampNs, in GaugeAggregate merged)
    {
        Take(1);
        const int column = 2 + sizeof(ulong);
        int countSize = ProtoWriter.VarintSize((ulong)merged.Count);
        BeginMetric(seriesRef, (5 * column) + 2 + countSize, WireTags.MetricAggregates);
        _writer.PackedFixed64(WireTags.AggregateTimestamps, [timestampNs]);
        _writer.PackedDouble(WireTags.AggregateMin, [merged.Min]);
        _writer.PackedDouble(WireTags.AggregateMax, [merged.Max]);
        _writer.PackedDouble(WireTags.AggregateSum, [merged.Sum]);
        _writer.PackedDouble(WireTags.AggregateLast, [merged.Last]);
        _writer.PackedVarint(WireTags.AggregateCount, [merged.Count]);
    }

    /// <summary>What a histogram gained in the interval.</summary>
    public void AddHistogram(int seriesRef, long timestampNs, HistogramAccumulator histogram)
    {
        Take(1);
        int histogramSize = HistogramEncoding.Size(histogram);
        int packed = 2 + sizeof(ulong) + 1 + ProtoWriter.VarintSize((ulong)histogramSize) + histogramSize;
        BeginMetric(seriesRef, packed, WireTags.MetricPacked);
        _writer.PackedFixed64(WireTags.PackedTimestamps, [timestampNs]);
        _writer.Varint(WireTags.PackedHistograms, (ulong)histogramSize);
        HistogramEncoding.Write(_writer, histogram);
    }

    public void Dispose() => _writer.Dispose();

    private void AddTick(long timestampNs, int firstRef, byte columnTag, ReadOnlySpan<ulong> values)
    {
        int column = values.Length * sizeof(ulong);
        int size = 1 + sizeof(ulong) + 1 + ProtoWriter.VarintSize((ulong)firstRef) + 1 + ProtoWriter.VarintSize((ulong)column) + column;
        _writer.Varint(WireTags.BatchTicks, (ulong)size);
        _writer.Fixed64(WireTags.TickTimestamp, (ulong)timestampNs);
        _writer.Varint(WireTags.TickFirstRef, (ulong)firstRef);
        _writer.PackedFixed64(columnTag, values);
    }

    private void BeginMetric(int seriesRef, int contentSize, byte contentTag)
    {
        int refSize = 1 + ProtoWriter.VarintSize((ulong)seriesRef);
        int size = refSize + 1 + ProtoWriter.VarintSize((ulong)contentSize) + contentSize;
        _writer.Varint(WireTags.BatchMetrics, (ulong)size);
        _writer.Varint(WireTags.MetricSeriesRef, (ulong)seriesRef);
        _writer.Varint(contentTag, (ulong)contentSize);
    }

    // How many of the wanted samples fit into the open batch; opens the next one when this one is full.
    private int Take(int wanted)
    {
        if (_sliceSamples == batchSamplesMax)
        {
            CloseSlice();
        }
        int count = Math.Min(wanted, batchSamplesMax - _sliceSamples);
        _sliceSamples += count;
        return count;
    }

    private void CloseSlice()
    {
        _slices.Add(new BatchSlice(_sliceStart, _writer.Length - _sliceStart, _sliceSamples));
        _sliceStart = _writer.Length;
        _sliceSamples = 0;
    }
}
