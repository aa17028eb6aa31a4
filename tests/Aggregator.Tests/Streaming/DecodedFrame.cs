using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace Observability.Aggregator.Tests.Streaming;

/// <summary>
/// A reader of proto/frame.md written from its text alone, for tests. It checks what the text promises about every frame: alignment, zero
/// padding, lengths that add up.
/// </summary>
internal sealed class DecodedFrame
{
    public byte RateHz { get; private init; }
    public ushort Flags { get; private init; }
    public ulong SessionId { get; private init; }
    public double Tick { get; private init; }
    public long FramedNs { get; private init; }
    public long BaseNs { get; private init; }
    public uint FrameBytes { get; private init; }
    public uint SectionCount { get; private init; }
    public uint SampleCount { get; private init; }
    public uint OverwrittenCount { get; private init; }
    public List<Raw> Gauges { get; } = [];
    public List<Raw> Counters { get; } = [];
    public List<ConflatedSample> Conflated { get; } = [];
    public List<Histogram> Histograms { get; } = [];
    public List<ExplicitHistogram> ExplicitHistograms { get; } = [];
    public List<Stamp> Stamps { get; } = [];
    public int SkippedSections { get; private set; }

    public bool IsBackfill => (Flags & 1) != 0;

    public bool IsBackfillEnd => (Flags & 2) != 0;

    /// <summary>Bits: of a double for gauges, the total for counters.</summary>
    internal sealed record Raw(uint Series, double[] Times, ulong[] Bits)
    {
        public IEnumerable<double> Values => Bits.Select(BitConverter.UInt64BitsToDouble);
    }

    internal sealed record ConflatedSample(
        uint Series, uint Count, double StartTime, double Time, double First, double Min, double Max, double Last, double Sum);

    internal sealed record Histogram(
        uint Series, int Scale, int PositiveOffset, uint[] Positive, int NegativeOffset, uint[] Negative,
        double Time, double Count, double ZeroCount, double Sum, double Min, double Max);

    internal sealed record ExplicitHistogram(
        uint Series, double Time, double Count, double Sum, double Min, double Max, double[] Bounds, uint[] Counts);

    internal sealed record Stamp(uint Source, double Recorded, double Received, double ClockOffset);

    public static DecodedFrame Decode(ReadOnlySpan<byte> bytes)
    {
        Assert.Equal("TLF1"u8.ToArray(), bytes[..4].ToArray());
        Assert.Equal(1, bytes[4]);
        var frame = new DecodedFrame
        {
            RateHz = bytes[5],
            Flags = BinaryPrimitives.ReadUInt16LittleEndian(bytes[6..]),
            SessionId = BinaryPrimitives.ReadUInt64LittleEndian(bytes[8..]),
            Tick = BinaryPrimitives.ReadDoubleLittleEndian(bytes[16..]),
            FramedNs = BinaryPrimitives.ReadInt64LittleEndian(bytes[24..]),
            BaseNs = BinaryPrimitives.ReadInt64LittleEndian(bytes[32..]),
            FrameBytes = BinaryPrimitives.ReadUInt32LittleEndian(bytes[40..]),
            SectionCount = BinaryPrimitives.ReadUInt32LittleEndian(bytes[44..]),
            SampleCount = BinaryPrimitives.ReadUInt32LittleEndian(bytes[48..]),
            OverwrittenCount = BinaryPrimitives.ReadUInt32LittleEndian(bytes[52..]),
        };
        Assert.Equal((uint)bytes.Length, frame.FrameBytes);
        Assert.Equal(0UL, BinaryPrimitives.ReadUInt64LittleEndian(bytes[56..]));
        int offset = 64;
        for (uint section = 0; section < frame.SectionCount; section++)
        {
            var header = MemoryMarshal.Cast<byte, uint>(bytes.Slice(offset, 16));
            Assert.Equal(0u, header[1] % 8);
            frame.DecodeSection(header[0], (int)header[2], (int)header[3], bytes.Slice(offset + 16, (int)header[1]));
            offset += 16 + (int)header[1];
        }
        Assert.Equal(bytes.Length, offset);
        return frame;
    }

    private void DecodeSection(uint type, int a, int b, ReadOnlySpan<byte> payload)
    {
        switch (type)
        {
            case 1:
                DecodeRaw(Gauges, a, b, payload);
                break;
            case 2:
                DecodeRaw(Counters, a, b, payload);
                break;
            case 3:
                DecodeConflated(a, payload);
                break;
            case 4:
                DecodeHistograms(a, b, payload);
                break;
            case 5:
                DecodeExplicitHistograms(a, b, payload);
                break;
            case 6:
                DecodeStamps(a, payload);
                break;
            default:
                SkippedSections++;
                break;
        }
    }

    private static T[] Take<T>(ref ReadOnlySpan<byte> payload, int count)
        where T : unmanaged
    {
        int size = count * Marshal.SizeOf<T>();
        T[] column = MemoryMarshal.Cast<byte, T>(payload[..size]).ToArray();
        int padded = (size + 7) / 8 * 8;
        Assert.All(payload[size..padded].ToArray(), padding => Assert.Equal(0, padding));
        payload = payload[padded..];
        return column;
    }

    private static void DecodeRaw(List<Raw> into, int groupCount, int timeCount, ReadOnlySpan<byte> payload)
    {
        uint[] firstSeries = Take<uint>(ref payload, groupCount);
        uint[] seriesCount = Take<uint>(ref payload, groupCount);
        uint[] sampleCount = Take<uint>(ref payload, groupCount);
        double[] times = Take<double>(ref payload, timeCount);
        int valueCount = (int)seriesCount.Zip(sampleCount, (series, samples) => series * samples).Sum(product => product);
        ulong[] values = Take<ulong>(ref payload, valueCount);
        Assert.True(payload.IsEmpty);
        Assert.Equal(timeCount, sampleCount.Sum(count => (int)count));
        int timeAt = 0;
        int valueAt = 0;
        for (int group = 0; group < groupCount; group++)
        {
            int samples = (int)sampleCount[group];
            for (uint series = 0; series < seriesCount[group]; series++)
            {
                into.Add(new Raw(firstSeries[group] + series, times[timeAt..(timeAt + samples)], values[valueAt..(valueAt + samples)]));
                valueAt += samples;
            }
            timeAt += samples;
        }
    }

    private void DecodeConflated(int rows, ReadOnlySpan<byte> payload)
    {
        uint[] series = Take<uint>(ref payload, rows);
        uint[] count = Take<uint>(ref payload, rows);
        double[][] columns = [.. TakeMany(ref payload, 7, rows)];
        Assert.True(payload.IsEmpty);
        for (int row = 0; row < rows; row++)
        {
            Conflated.Add(new ConflatedSample(
                series[row], count[row], columns[0][row], columns[1][row], columns[2][row], columns[3][row], columns[4][row], columns[5][row], columns[6][row]));
        }
    }

    private void DecodeHistograms(int rows, int bucketCount, ReadOnlySpan<byte> payload)
    {
        uint[] series = Take<uint>(ref payload, rows);
        int[] scale = Take<int>(ref payload, rows);
        int[] positiveOffset = Take<int>(ref payload, rows);
        uint[] positiveLength = Take<uint>(ref payload, rows);
        int[] negativeOffset = Take<int>(ref payload, rows);
        uint[] negativeLength = Take<uint>(ref payload, rows);
        double[][] columns = [.. TakeMany(ref payload, 6, rows)];
        uint[] buckets = Take<uint>(ref payload, bucketCount);
        Assert.True(payload.IsEmpty);
        int at = 0;
        for (int row = 0; row < rows; row++)
        {
            int middle = at + (int)positiveLength[row];
            int end = middle + (int)negativeLength[row];
            Histograms.Add(new Histogram(
                series[row], scale[row], positiveOffset[row], buckets[at..middle], negativeOffset[row], buckets[middle..end],
                columns[0][row], columns[1][row], columns[2][row], columns[3][row], columns[4][row], columns[5][row]));
            at = end;
        }
        Assert.Equal(bucketCount, at);
    }

    private void DecodeExplicitHistograms(int rows, int boundTotal, ReadOnlySpan<byte> payload)
    {
        uint[] series = Take<uint>(ref payload, rows);
        uint[] boundCount = Take<uint>(ref payload, rows);
        double[][] columns = [.. TakeMany(ref payload, 5, rows)];
        double[] bounds = Take<double>(ref payload, boundTotal);
        uint[] counts = Take<uint>(ref payload, boundTotal + rows);
        Assert.True(payload.IsEmpty);
        int boundAt = 0;
        int countAt = 0;
        for (int row = 0; row < rows; row++)
        {
            int length = (int)boundCount[row];
            ExplicitHistograms.Add(new ExplicitHistogram(
                series[row], columns[0][row], columns[1][row], columns[2][row], columns[3][row], columns[4][row],
                bounds[boundAt..(boundAt + length)], counts[countAt..(countAt + length + 1)]));
            boundAt += length;
            countAt += length + 1;
        }
        Assert.Equal(boundTotal, boundAt);
    }

    private void DecodeStamps(int rows, ReadOnlySpan<byte> payload)
    {
        uint[] source = Take<uint>(ref payload, rows);
        double[][] columns = [.. TakeMany(ref payload, 3, rows)];
        Assert.True(payload.IsEmpty);
        for (int row = 0; row < rows; row++)
        {
            Stamps.Add(new Stamp(source[row], columns[0][row], columns[1][row], columns[2][row]));
        }
    }

    private static double[][] TakeMany(ref ReadOnlySpan<byte> payload, int columns, int rows)
    {
        var taken = new double[columns][];
        for (int column = 0; column < columns; column++)
        {
            taken[column] = Take<double>(ref payload, rows);
        }
        return taken;
    }
}
