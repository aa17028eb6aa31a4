using Observability.Agent.Recording;

namespace Observability.Agent.Batching;

/// <summary>The message Histogram: first its size, then its fields. Fields that are zero are left out, as proto3 does.</summary>
internal static class HistogramEncoding
{
    private const int DoubleSize = 1 + sizeof(double);

    public static int Size(HistogramAccumulator histogram)
    {
        int size = 1 + ProtoWriter.VarintSize((ulong)histogram.Count) + (3 * DoubleSize);
        size += 1 + ProtoWriter.VarintSize(ProtoWriter.ZigZag(histogram.Scale));
        if (histogram.ZeroCount != 0)
        {
            size += 1 + ProtoWriter.VarintSize((ulong)histogram.ZeroCount);
        }
        return size + SideSize(histogram.Positive) + SideSize(histogram.Negative);
    }

    public static void Write(ProtoWriter writer, HistogramAccumulator histogram)
    {
        writer.Varint(WireTags.HistogramCount, (ulong)histogram.Count);
        writer.Double(WireTags.HistogramSum, histogram.Sum);
        writer.Double(WireTags.HistogramMin, histogram.Min);
        writer.Double(WireTags.HistogramMax, histogram.Max);
        writer.Varint(WireTags.HistogramScale, ProtoWriter.ZigZag(histogram.Scale));
        if (histogram.ZeroCount != 0)
        {
            writer.Varint(WireTags.HistogramZeroCount, (ulong)histogram.ZeroCount);
        }
        WriteSide(writer, histogram.Positive, WireTags.HistogramPositiveOffset, WireTags.HistogramPositiveCounts);
        WriteSide(writer, histogram.Negative, WireTags.HistogramNegativeOffset, WireTags.HistogramNegativeCounts);
    }

    private static int SideSize(BucketRange side)
    {
        ReadOnlySpan<long> counts = side.Used(out int firstIndex);
        if (counts.IsEmpty)
        {
            return 0;
        }
        int countsSize = ProtoWriter.PackedVarintSize(counts);
        return 1 + ProtoWriter.VarintSize(ProtoWriter.ZigZag(firstIndex)) + 1 + ProtoWriter.VarintSize((ulong)countsSize) + countsSize;
    }

    private static void WriteSide(ProtoWriter writer, BucketRange side, byte offsetTag, byte countsTag)
    {
        ReadOnlySpan<long> counts = side.Used(out int firstIndex);
        if (!counts.IsEmpty)
        {
            writer.Varint(offsetTag, ProtoWriter.ZigZag(firstIndex));
            writer.PackedVarint(countsTag, counts);
        }
    }
}
