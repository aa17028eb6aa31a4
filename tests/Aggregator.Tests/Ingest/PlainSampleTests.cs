using Google.Protobuf;
using Observability.Aggregator.Ingest;
using Observability.Protocol.V1;

namespace Observability.Aggregator.Tests.Ingest;

/// <summary>
/// Samples in the encoding that every writer chooses are read by a short cut. It must mean the same as the general way for whatever
/// stands beside them, and wherever the message is cut off.
/// </summary>
public sealed class PlainSampleTests
{
    private const ulong Time = 1_763_769_600_123_456_789;

    /// <summary>Bodies of a sample: the usual ones, and everything that differs from them by little.</summary>
    private static readonly byte[][] Bodies =
    [
        [.. TimeField(Time), .. GaugeField(1.5)],
        [.. TimeField(Time), .. CounterField(300)],
        [.. GaugeField(2.5), .. TimeField(Time)],
        [.. CounterField(ulong.MaxValue), .. TimeField(Time)],
        [.. TimeField(1), .. GaugeField(-0.0)],
        [.. TimeField((1UL << 56) - 1), .. GaugeField(double.NaN)],
        [.. TimeField(1UL << 56), .. GaugeField(3)],
        [.. TimeField(long.MaxValue), .. GaugeField(4)],
        [.. TimeField(ulong.MaxValue), .. GaugeField(5)],
        [.. TimeField(Time), .. GaugeField(6), .. CounterField(7)],
        [.. TimeField(Time), .. CounterField(7), .. GaugeField(6)],
        [.. TimeField(Time), .. TimeField(Time + 1), .. GaugeField(8)],
        [.. TimeField(Time), .. GaugeField(8), .. GaugeField(9)],
        [.. TimeField(Time), .. GaugeField(10), .. UnknownField()],
        [.. UnknownField(), .. TimeField(Time), .. GaugeField(10)],
        [0x88, 0x00, .. TimeField(Time)[1..], .. GaugeField(11)],                       // a tag longer than need be
        [0x08, 0xFF, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00, .. GaugeField(12)],  // a small time in nine bytes
        [0x08, 0xFF, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00, .. GaugeField(13)],
        GaugeField(14),
        CounterField(0),
    ];

    [Fact]
    public void TryScan_EveryPairOfEncodings_MeansTheSameAsGoogleProtobuf()
    {
        foreach (byte[] first in Bodies)
        {
            foreach (byte[] second in Bodies)
            {
                AssertSame([first, Bodies[0], Bodies[0], second, Bodies[0]]);
            }
        }
    }

    /// <summary>A pooled buffer holds bytes of other messages before and behind this one.</summary>
    [Fact]
    public void TryScan_AnywhereInABuffer_MeansTheSameAsGoogleProtobuf()
    {
        for (int offset = 1; offset < 40; offset++)
        {
            AssertSame([.. Bodies, .. Bodies], offset);
        }
    }

    [Fact]
    public void TryScan_CutOffAnywhere_AppliesNothingAndReadsNotBeyond()
    {
        byte[] metric = Metric([Bodies[0], Bodies[0], Bodies[1], Bodies[0]]);
        for (int length = 1; length < metric.Length; length++)
        {
            // The bytes behind the metric's end continue the sample: whoever reads too far finds it whole.
            byte[] message = [0x1A, (byte)length, .. metric[..length], .. metric[length..]];
            DecoderBench bench = new();
            TelemetryBatch? reference = TryParse(message);
            BatchOutcome? outcome = bench.Apply(message);
            Assert.Equal(reference is not null && new ReferenceIngest().Apply(reference) is not null, outcome is not null);
            Assert.Equal(outcome is null ? 0 : 1, bench.Store.SeriesCount);
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(7)]
    public void TryScan_AtTheLimitOfSamples_TakesExactlySoMany(int samplesMax)
    {
        DecoderBench bench = new(ingest: new() { SamplesPerBatchMax = samplesMax });
        BatchOutcome outcome = bench.ApplyWhole(Batch([Bodies[0], Bodies[0], Bodies[4], Bodies[0], Bodies[0]]));

        Assert.Equal(Math.Min(5, samplesMax), outcome.Applied);
        Assert.Equal(5 - Math.Min(5, samplesMax), outcome.Rejected);
    }

    private static void AssertSame(byte[][] bodies, int offset = 0)
    {
        byte[] message = Batch(bodies);
        ReferenceIngest reference = new();
        (long, long)? expected = reference.Apply(TelemetryBatch.Parser.ParseFrom(message));
        DecoderBench bench = new();
        BatchOutcome? outcome = bench.Apply(((byte[])[.. message[^offset..], .. message, .. message[..offset]]).AsSpan(offset, message.Length));

        Assert.Equal(expected, outcome is { } actual ? (actual.Applied, actual.Rejected) : null);
        Assert.Equal(reference.Content, StoreContent.Of(bench.Store));
    }

    private static byte[] Batch(byte[][] bodies) => [.. Delimited(0x1A, Metric(bodies))];

    private static byte[] Metric(byte[][] bodies) => [0x0A, 1, (byte)'m', .. bodies.SelectMany(body => Delimited(0x1A, body))];

    private static byte[] Delimited(byte tag, byte[] body) => [tag, .. Varint((ulong)body.Length), .. body];

    private static byte[] TimeField(ulong timestampNs) => [0x08, .. Varint(timestampNs)];

    private static byte[] GaugeField(double value) => [0x11, .. BitConverter.GetBytes(value)];

    private static byte[] CounterField(ulong value) => [0x18, .. Varint(value)];

    private static byte[] UnknownField() => [0xC0, 0x3E, 0x05];

    private static byte[] Varint(ulong value)
    {
        using MemoryStream bytes = new();
        using CodedOutputStream to = new(bytes);
        to.WriteUInt64(value);
        to.Flush();
        return bytes.ToArray();
    }

    private static TelemetryBatch? TryParse(byte[] bytes)
    {
        try
        {
            return TelemetryBatch.Parser.ParseFrom(bytes);
        }
        catch (InvalidProtocolBufferException)
        {
            return null;
        }
    }
}
