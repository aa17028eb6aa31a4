using System.Buffers.Binary;
using System.Runtime.CompilerServices;

namespace Observability.Aggregator.Streaming.Frames;

/// <summary>
/// Gathers what one frame of proto/frame.md holds and writes its bytes. [data plane] Used by one thread: Begin, Add…, then
/// <see cref="FrameBytes"/> and <see cref="WriteTo"/>. Allocates only while its columns still grow.
/// </summary>
internal sealed class FrameEncoder
{
    private readonly RawColumns _gauges = new();
    private readonly RawColumns _counters = new();
    private readonly ConflatedColumns _conflated = new();
    private readonly HistogramColumns _histograms = new();
    private readonly ExplicitHistogramColumns _explicitHistograms = new();
    private readonly StampColumns _stamps = new();
    private FrameHeader _header;

    public FrameEncoder()
    {
        if (!BitConverter.IsLittleEndian)
        {
            throw new PlatformNotSupportedException("Cannot encode frames: columns are copied as they lie in memory, which is little-endian by contract.");
        }
    }

    /// <summary>Samples this frame stands for.</summary>
    public long SampleCount { get; private set; }

    /// <summary>Samples lost to this view: overwritten before they were read, or too far from now to be framed.</summary>
    public long OverwrittenCount { get; private set; }

    public bool IsEmpty => SampleCount == 0 && OverwrittenCount == 0;

    public int FrameBytes =>
        FrameLayout.HeaderBytes + SectionBytes(_gauges.PayloadBytes) + SectionBytes(_counters.PayloadBytes)
        + SectionBytes(_conflated.PayloadBytes) + SectionBytes(_histograms.PayloadBytes)
        + SectionBytes(_explicitHistograms.PayloadBytes) + SectionBytes(_stamps.PayloadBytes);

    public void Begin(in FrameHeader header)
    {
        _header = header;
        _gauges.Clear();
        _counters.Clear();
        _conflated.Clear();
        _histograms.Clear();
        _explicitHistograms.Clear();
        _stamps.Clear();
        SampleCount = 0;
        OverwrittenCount = 0;
    }

    /// <summary>Raw samples of one series, bits of doubles, in the order of application.</summary>
    public void AddGauges(uint series, ReadOnlySpan<long> timestampsNs, ReadOnlySpan<long> bits) => AddRaw(_gauges, series, timestampsNs, bits);

    /// <summary>Raw samples of one series, cumulative totals, in the order of application.</summary>
    public void AddCounters(uint series, ReadOnlySpan<long> timestampsNs, ReadOnlySpan<long> bits) => AddRaw(_counters, series, timestampsNs, bits);

    public void AddConflated(uint series, in ConflatedRow row)
    {
        if (IsFramed(row.StartNs) && IsFramed(row.TimeNs))
        {
            _conflated.Add(series, _header.BaseNs, row);
            SampleCount += row.Count;
        }
        else
        {
            OverwrittenCount += row.Count;
        }
    }

    public void AddHistogram(uint series, in FrameHistogram row)
    {
        if (CountHistogram(row.TimeNs))
        {
            _histograms.Add(series, _header.BaseNs, row);
        }
    }

    public void AddExplicitHistogram(uint series, in FrameExplicitHistogram row)
    {
        if (CountHistogram(row.TimeNs))
        {
            _explicitHistograms.Add(series, _header.BaseNs, row);
        }
    }

    public void AddStamp(uint source, long recordedNs, long receivedNs, long clockOffsetNs)
    {
        if (IsFramed(recordedNs) && IsFramed(receivedNs))
        {
            _stamps.Add(source, _header.BaseNs, recordedNs, receivedNs, clockOffsetNs);
        }
    }

    public void AddFlags(FrameFlags flags) => _header = _header with { Flags = _header.Flags | flags };

    public void AddOverwritten(long count) => OverwrittenCount += count;

    /// <summary>Writes the frame into the first <see cref="FrameBytes"/> bytes of the destination.</summary>
    public void WriteTo(Span<byte> destination)
    {
        int frameBytes = FrameBytes;
        destination = destination[..frameBytes];
        Span<byte> header = destination[..FrameLayout.HeaderBytes];
        Span<byte> rest = destination[FrameLayout.HeaderBytes..];
        uint sections = 0;
        if (TryWriteHeader(ref rest, FrameSection.Gauges, _gauges.PayloadBytes, _gauges.GroupCount, _gauges.TimeCount, ref sections))
        {
            rest = _gauges.WriteTo(rest);
        }
        if (TryWriteHeader(ref rest, FrameSection.Counters, _counters.PayloadBytes, _counters.GroupCount, _counters.TimeCount, ref sections))
        {
            rest = _counters.WriteTo(rest);
        }
        if (TryWriteHeader(ref rest, FrameSection.Conflated, _conflated.PayloadBytes, _conflated.RowCount, 0, ref sections))
        {
            rest = _conflated.WriteTo(rest);
        }
        if (TryWriteHeader(ref rest, FrameSection.Histograms, _histograms.PayloadBytes, _histograms.RowCount, _histograms.BucketCount, ref sections))
        {
            rest = _histograms.WriteTo(rest);
        }
        if (TryWriteHeader(
            ref rest, FrameSection.ExplicitHistograms, _explicitHistograms.PayloadBytes,
            _explicitHistograms.RowCount, _explicitHistograms.BoundCount, ref sections))
        {
            rest = _explicitHistograms.WriteTo(rest);
        }
        if (TryWriteHeader(ref rest, FrameSection.Stamps, _stamps.PayloadBytes, _stamps.RowCount, 0, ref sections))
        {
            rest = _stamps.WriteTo(rest);
        }
        WriteFrameHeader(header, (uint)frameBytes, sections);
    }

    private static int SectionBytes(int payloadBytes) => payloadBytes == 0 ? 0 : FrameLayout.SectionHeaderBytes + payloadBytes;

    private static bool TryWriteHeader(ref Span<byte> rest, FrameSection type, int payloadBytes, uint a, uint b, ref uint sections)
    {
        if (payloadBytes == 0)
        {
            return false;
        }
        BinaryPrimitives.WriteUInt32LittleEndian(rest, (uint)type);
        BinaryPrimitives.WriteUInt32LittleEndian(rest[4..], (uint)payloadBytes);
        BinaryPrimitives.WriteUInt32LittleEndian(rest[8..], a);
        BinaryPrimitives.WriteUInt32LittleEndian(rest[12..], b);
        rest = rest[FrameLayout.SectionHeaderBytes..];
        sections++;
        return true;
    }

    private void WriteFrameHeader(Span<byte> header, uint frameBytes, uint sections)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(header, FrameLayout.Magic);
        header[4] = FrameLayout.Version;
        header[5] = _header.RateHz;
        BinaryPrimitives.WriteUInt16LittleEndian(header[6..], (ushort)_header.Flags);
        BinaryPrimitives.WriteUInt64LittleEndian(header[8..], _header.SessionId);
        BinaryPrimitives.WriteDoubleLittleEndian(header[16..], _header.Tick);
        BinaryPrimitives.WriteInt64LittleEndian(header[24..], _header.FramedNs);
        BinaryPrimitives.WriteInt64LittleEndian(header[32..], _header.BaseNs);
        BinaryPrimitives.WriteUInt32LittleEndian(header[40..], frameBytes);
        BinaryPrimitives.WriteUInt32LittleEndian(header[44..], sections);
        BinaryPrimitives.WriteUInt32LittleEndian(header[48..], (uint)long.Min(SampleCount, uint.MaxValue));
        BinaryPrimitives.WriteUInt32LittleEndian(header[52..], (uint)long.Min(OverwrittenCount, uint.MaxValue));
        header[56..].Clear();
    }

    private void AddRaw(RawColumns columns, uint series, ReadOnlySpan<long> timestampsNs, ReadOnlySpan<long> bits)
    {
        foreach (long timestampNs in timestampsNs)
        {
            if (!IsFramed(timestampNs))
            {
                AddRawWithinReach(columns, series, timestampsNs, bits);
                return;
            }
        }
        if (timestampsNs.Length != 0)
        {
            columns.Add(series, _header.BaseNs, timestampsNs, bits);
            SampleCount += timestampsNs.Length;
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void AddRawWithinReach(RawColumns columns, uint series, ReadOnlySpan<long> timestampsNs, ReadOnlySpan<long> bits)
    {
        for (int start = 0; start < timestampsNs.Length;)
        {
            int end = start;
            while (end < timestampsNs.Length && IsFramed(timestampsNs[end]))
            {
                end++;
            }
            if (end > start)
            {
                columns.Add(series, _header.BaseNs, timestampsNs[start..end], bits[start..end]);
                SampleCount += end - start;
                start = end;
                continue;
            }
            OverwrittenCount++;
            start++;
        }
    }

    private bool CountHistogram(long timeNs)
    {
        bool framed = IsFramed(timeNs);
        SampleCount += framed ? 1 : 0;
        OverwrittenCount += framed ? 0 : 1;
        return framed;
    }

    // In unsigned arithmetic, so that no pair of times can overflow into a small offset.
    private bool IsFramed(long timestampNs)
    {
        ulong distance = timestampNs >= _header.BaseNs ? (ulong)timestampNs - (ulong)_header.BaseNs : (ulong)_header.BaseNs - (ulong)timestampNs;
        return distance < FrameLayout.TimeOffsetNsLimit;
    }
}
